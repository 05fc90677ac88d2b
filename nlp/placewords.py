"""Tables of words about places: short names, prepositions, words of streets and of other cues.

Languages by ISO 639-1 code; all words folded (small, without accents) but where capitals matter.
"""

from __future__ import annotations

from typing import Final


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


STATES: Final = {
    "AL": "Alabama", "AK": "Alaska", "AZ": "Arizona", "AR": "Arkansas", "CA": "California",
    "CO": "Colorado", "CT": "Connecticut", "DE": "Delaware", "FL": "Florida", "GA": "Georgia",
    "HI": "Hawaii", "ID": "Idaho", "IL": "Illinois", "IN": "Indiana", "IA": "Iowa",
    "KS": "Kansas", "KY": "Kentucky", "LA": "Louisiana", "ME": "Maine", "MD": "Maryland",
    "MA": "Massachusetts", "MI": "Michigan", "MN": "Minnesota", "MS": "Mississippi",
    "MO": "Missouri", "MT": "Montana", "NE": "Nebraska", "NV": "Nevada", "NH": "New Hampshire",
    "NJ": "New Jersey", "NM": "New Mexico", "NY": "New York", "NC": "North Carolina",
    "ND": "North Dakota", "OH": "Ohio", "OK": "Oklahoma", "OR": "Oregon", "PA": "Pennsylvania",
    "RI": "Rhode Island", "SC": "South Carolina", "SD": "South Dakota", "TN": "Tennessee",
    "TX": "Texas", "UT": "Utah", "VT": "Vermont", "VA": "Virginia", "WA": "Washington",
    "WV": "West Virginia", "WI": "Wisconsin", "WY": "Wyoming",
}  # fmt: skip
"""US postal codes; as initials they count only behind a place or where the tagger agrees."""

CASED: Final = {
    "US": "United States", "USA": "United States", "UK": "United Kingdom", "GB": "United Kingdom",
    "UAE": "United Arab Emirates", "NYC": "New York City", "NY": "New York", "LA": "Los Angeles",
    "SF": "San Francisco", "DC": "Washington, D.C.", "PR": "Puerto Rico", "NZ": "New Zealand",
    "DRC": "Democratic Republic of the Congo", "NSW": "New South Wales", "BC": "British Columbia",
    "CDMX": "Mexico City", "DF": "Mexico City",
}  # fmt: skip
"""Initials, without dots, and the name that they stand for."""

ALIASES: Final = {
    "britain": "united kingdom", "great britain": "united kingdom", "america": "united states",
    "united states of america": "united states", "calif": "california", "fla": "florida",
    "tex": "texas", "mass": "massachusetts", "conn": "connecticut", "ariz": "arizona",
    "colo": "colorado", "mich": "michigan", "minn": "minnesota", "tenn": "tennessee",
    "wash": "washington", "okla": "oklahoma", "nebr": "nebraska", "philly": "philadelphia",
    "nola": "new orleans", "vegas": "las vegas", "frisco": "san francisco",
    "holland": "netherlands",
    "big apple": "new york city",
    "washington dc": "washington d c", "ivory coast": "cote divoire", "burma": "myanmar",
    "burkina": "burkina faso", "bay area": "san francisco",
    "drc": "democratic republic of the congo", "edomex": "mexico", "cdmx": "mexico city",
}  # fmt: skip
"""Folded names that are not in the data, and the folded name to look up instead."""

REGION_NAMES: Final[dict[str, tuple[str, ...]]] = {
    "DE.02": ("Bayern", "Baviera", "Bavière"), "DE.07": ("Nordrhein-Westfalen", "NRW"),
    "DE.05": ("Hessen",), "DE.06": ("Niedersachsen",), "DE.13": ("Sachsen",),
    "DE.08": ("Rheinland-Pfalz",), "DE.15": ("Thüringen",), "DE.14": ("Sachsen-Anhalt",),
    "ES.56": ("Cataluña", "Catalunya", "Catalogne", "Katalonien"), "ES.51": ("Andalucía",),
    "ES.59": ("País Vasco", "Euskadi"), "ES.58": ("Galicia",), "ES.60": ("Valencia",),
    "IT.09": ("Lombardia",), "IT.15": ("Sicilia", "Sizilien"), "IT.16": ("Toscana", "Toskana"),
    "IT.12": ("Piemonte",), "IT.14": ("Sardegna",), "IT.13": ("Puglia",),
    "FR.A2": ("Bretagne",), "FR.11": ("Ile-de-France",), "FR.A5": ("Corse",),
    "PT.14": ("Lisboa",), "NL.07": ("Noord-Holland",), "NL.11": ("Zuid-Holland",),
    "GB.WLS": ("Cymru",), "US.CA": ("Kalifornien", "Californie"),
}  # fmt: skip
"""Other names of regions, by GeoNames code."""

PREPOSITIONS: Final = {
    "en": _words(
        "in at near on outside around across along off above over through throughout within "
        "towards inside hits hit strikes struck rocks shakes slams batters"
    ),
    "es": _words("en cerca sobre por junto hasta tras entre afuera"),
    "de": _words("in im bei nahe am auf um uber an ausserhalb"),
    "fr": _words("a au aux en pres sur dans chez autour"),
    "it": _words("a ad in nel nella nei al alla presso vicino su sul"),
    "pt": _words("em no na nos nas perto sobre ao"),
    "nl": _words("in bij te op nabij rond aan langs"),
}
"""Words directly before the place of a happening."""

BRIDGES: Final = _words(
    "the of de del la las los el le les der die den dem das da do dos het city central "
    "downtown north south east west northern southern eastern western greater inner outer "
    "l"
)
"""Words that may stand between a preposition and the name."""

PASSING: Final = _words(
    "from to visit visited visiting via than like versus vs beat beats beating native "
    "minister governor mayor president ambassador bbc itv cbs nbc abc fox cnn "
    "radio hello thanks love aus nach von desde hacia para depuis vers verso dal "
    "dalla dall naar uit van"
)
"""Words before a place where nothing happens."""

ARRIVING: Final = _words(
    "called call calls rushed rush rushing respond responds responded responding sent send "
    "dispatched scrambled damage spread spreads spreading due smoke report reports reporting live "
    "evacuated rescued pictures video footage scene scenes"
)
"""Words before a "to" or "from" whose place is where it happened."""

BEHIND: Final = _words(
    "times post chronicle herald tribune guardian gazette journal news fc afc united "
    "rovers wanderers athletic albion hotspur fans fan coach striker manager captain "
    "midfielder defender goalkeeper football footballers won wins win beat beats lose "
    "loses lost drew draw draws defeat defeated score scored scores sign signs signed "
    "says said say tells told thinks wants announces announced insists urges warns team "
    "squad players player celtics lakers cowboys texans rockets astros knicks yankees "
    "dodgers giants "
)
"""Words behind a name that stands for a paper, a club or a government."""

TITLES: Final = _words(
    "mr mrs ms miss dr sir lady lord prof professor pastor officer sgt capt captain king "
    "queen prince princess saint president senator sen rep governor gov mayor chief herr "
    "frau senor senora monsieur madame signor signora"
)
"""Words before a person's name."""

FIRST_NAMES: Final = _words(
    "jordan chelsea austin paris sydney florence charlotte victoria madison jackson "
    "lincoln israel adelaide georgia virginia carolina sofia dakota savannah brooklyn "
    "boston kingston london troy carson houston dallas tyler orlando marion jack george "
    "james william martin lawrence clinton trump harris kelly murphy logan dean grant "
    "kennedy morgan milan"
)
"""Names of places that are as often names of persons; `milan` and others need a preposition."""

STREETS: Final = {
    "street": "street", "st": "street", "road": "street", "rd": "street", "avenue": "street",
    "ave": "street", "lane": "street", "ln": "street", "boulevard": "street", "blvd": "street",
    "drive": "street", "highway": "street", "hwy": "street", "freeway": "street",
    "fwy": "street", "parkway": "street", "pkwy": "street", "terrace": "street", "row": "street",
    "crescent": "street", "mews": "street", "embankment": "street", "roundabout": "street",
    "square": "poi", "bridge": "poi", "park": "poi", "station": "poi", "hospital": "poi",
    "airport": "poi", "stadium": "poi", "market": "poi", "school": "poi", "church": "poi",
    "tower": "poi", "tunnel": "poi", "cathedral": "poi", "museum": "poi", "mosque": "poi",
    "dam": "poi", "bayou": "poi", "creek": "poi", "river": "poi", "lake": "poi",
    "county": "district", "parish": "district", "theatre": "poi", "arena": "poi", "plaza": "poi",
}  # fmt: skip
"""Last words of streets, buildings and small regions, and their kind."""

SMALL: Final = _words("street road avenue bridge station airport")
"""Those of `STREETS` that end a name when written small, too."""

LEADING: Final = {
    "es": _words("calle avenida plaza paseo carretera puente estacion parque"),
    "fr": _words("rue avenue boulevard place quai pont gare quartier"),
    "it": _words("via viale piazza corso ponte stazione"),
    "pt": _words("rua avenida praca estrada ponte estacao"),
}
"""First words of streets; the name follows."""

CONNECTORS: Final = _words("de la las los del da do das dos des du di della dei van der")
"""Words inside the name of a street behind one of `LEADING`, and inside other names."""

PARTS: Final = BRIDGES | _words(
    "island islands keys coast bay region province district state village airport "
    "international crescent hon world cross red cape port union centre center"
)
"""Words of names that are no name of a place alone."""

SPELLED: Final = _words("IN OR ME OK HI OH PA MA ID AL DE LA CO MS MD AR")
"""Codes of states that are also words or other initials."""

STORMS: Final = _words("hurricane cyclone storm typhoon tropical huracan")
"""Words before a name that is a storm's."""

PUBLIC: Final = _words(
    "plaza puente estacion parque place pont gare piazza ponte stazione praca estacao"
)
"""Those of `LEADING` that are no street but a point of interest."""

ENDINGS: Final = {
    "strasse": "street", "str": "street", "allee": "street", "gasse": "street", "damm": "street",
    "platz": "poi", "brucke": "poi", "bahnhof": "poi", "straat": "street", "gracht": "street",
    "plein": "poi", "brug": "poi",
}  # fmt: skip
"""Endings of German and Dutch streets and squares within one word."""

HAZARDS: Final = _words(
    "flood floods flooding floodrelief fire fires wildfire wildfires earthquake quake "
    "terremoto sismo tremor storm hurricane tornado bombing bombings blast explosion "
    "attack attacks shooting strong relief rescue news weather traffic police crash "
    "incendio incendios strike protest riots riot blackout outage alert emergency update "
    "updates snow heatwave"
)
"""Words that may follow a place inside a hashtag, as in #HoustonFlood."""
