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

COMMON: Final = _words(
    "as at do go is me of on or re to us we the and for not you are was his her our all any "
    "can has had how its new now old out own see two way who why "
    "al alli asi aun como da de del diez dia dias el ella ellos en eran eras eres es esa ese "
    "eso esta este esto han hay hoy habra hago la las le les lo los luego manera mas me mi "
    "mias mios modo muy nada ni ninguno no nos nunca os otra otro para pasada pero poca poco "
    "por que quien se sea ser sera seran seria si sin sobre solo son su sus suya suyo te toda "
    "todo tras tu un una uno usan uso vais van ver vez ya yo ultimo "
    "aber acht allein alle allen als am an auch auf aus bei bin bis bist da dabei dafur dann "
    "daran darum das dass davor dazu dein dem den denen der deren des die dies diese diesen "
    "dieser dir doch dort drei du durch eben ein eine einem einen einer ende er ersten es "
    "euch fur ganz gar gegen gern gross hat hatten heute hier hoch ich ihm ihn ihnen ihr ihre "
    "ihren im immer in ist ja jede jene jetzt kann kaum kein kleinen kommen lange machen man "
    "manchen mehr mein meine mich mir mit mussen muss nach neben nein neue nicht noch nun nur "
    "ob oben oder ohne recht sah sehr sein seit sich sie sind so soll uber um und uns unser "
    "unter viel vier vom von vor war waren was weil wem wenn wer werden wessen wie wir wird "
    "wo worden ware zu zum zur zwei "
    "ai aie alors as au aura aussi aux avec bien ce cela celle celles ces cet cette ceux chez "
    "comme da dans de deja deux des douze du durant elle en encore est et etais ete etre eu "
    "fais fait hou hors il ils je jour la le les leur lors lui ma mais me meme mes mien mille "
    "mon ne nos notre nous on ont ou par parce parler pas permet plus pour pu quand quarante "
    "que quel qui sa sans se ses seul si sien soi son sont sous suis sur ta te telles tes "
    "tien toi tous tout trente tres trop tu un une va vais vas vers voila vos votre vous "
    "abbia agli ai al allo alla allora anche ansa assai avra bene brava bravo che chi cima "
    "circa coll come con cosa cosi da dagli dal dei del della dello dopo dove dovra ed egli "
    "eri esse essere farra fino fosse fra gia gli ha ho il io la lato le lei li lo loro ma "
    "mai male marche me meno mentre mi mie mila mio modo molto ne nei nel noi non nostro nove "
    "od ogni oggi oltre osi per pero pieno piu po poi presa qua quel questo qui sara sarai "
    "saro se sei sempre si sig solo sono sopra sotto sta stia su sua sul suo tali te tra "
    "trenta tu tua tuo tutti tutto un una uno vai vari varia varie vi vita voi volta "
    "alem ali ao aos area as ate ai cada certeza cima com como corrente da dar das de dela "
    "dele depois dessa desse deste dez do dos ela ele em entre era essa esse esta estao este "
    "eu fara fez fim foi fora ha hoje ira isso ja la lhe logo longe mais mas me menor mesmo "
    "meu minha muito na nao nas nem nessa nesse no nos nossa novas nove numa nivel oito onde "
    "os ou para pela pelo perto pode ponto pontos por porque posso povo primeiro quando "
    "quarto que quem quer quero quinto se segundo sem ser sete seu sexta sim so sobre sua "
    "tais tambem te tem teu tive toda todo tres tu tua um uma vais vai valor vem ver vez "
    "vindo voce vos vao "
    "aan al aldus alle allen als altijd ander ben beneden bij binnen daar dan dat de der deze "
    "die dit doch doen door dus een elk en er ga geen haar had heb hebben heeft hele hem het "
    "hier hij hoe hun iets ik in indien is ja je juist kan maar me mede meer men met mij mijn "
    "moet na naar niet niets nog nu of om omdat onder ons ook op over reeds te tegen toch "
    "toen tot u uit uw van veel verder voor waren wat we weer wel werd wezen wie wil worden "
    "zal ze zelf zich zij zijn zo zonder zou "
)
"""Function words of our languages: some village somewhere has the name of each."""

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
    "court": "poi", "gardens": "street", "estate": "poi", "yard": "street",
    "green": "poi", "grove": "street", "heath": "poi", "wharf": "poi", "quay": "street",
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
