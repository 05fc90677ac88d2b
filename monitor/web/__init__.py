"""The web face: pages and an API over one deployment.

::

    gate ► view ► situation, dossier ► templates, API     who asks, for what, what is there
    judging ► desk ► the ledger's inbox                   a decision, told and followed
    draft ► alerts, subscriptions ► the registrar         who is told of what, by mail

Handlers are plain functions in threads. All that narrows a page is in its address (`view.View`), so
pages, API and export ask one question. A page works without a script; htmx loads parts of it into
`#main`, and `static/page.js` adds the map, the dragging and the keys. What scripts and styles may
rely on:

Everywhere
    `meta[name=csrf]` the session's token, to be sent as `X-CSRF-Token`; `#texts` what scripts say,
    as JSON (table `script` of `texts/en.toml`); `#status` is read aloud; `[data-zone]` names the
    zone and `time[data-moment]` is shown in it; `.grade[data-severity|certainty|phase|verdict]` and
    `.voice[data-voice]` are chips, `.sr` is for screen readers only; `#fault[data-position]` is the
    code point of `#q` where the question goes wrong.
`/` and `/search`: `#situation`, `#search`, both `[data-of][data-address]`
    `form#ask` with `#q[data-suggestions][data-of]`; hidden inputs `[form=ask]` carry the rest of
    the view. `#facets details.facet[data-field] a[data-value][aria-current]`; `.chips`.
    `#timeline svg#bars[data-every (s)][data-most][data-path] rect.bar[data-from][data-count]`: a
    drag asks for `since` and `until` (ISO 8601) beside the other parameters of `data-address`.
    `#map[data-land][data-events (GeoJSON)][data-home (south,west,north,east)][data-tiles]
    [data-attribution][data-near][data-path]`: a circle that is drawn asks for `near=lat,lon,3km`.
    `#counted[data-total][data-question]`; `#news`, `#changes[data-row]`; `.orders a[data-sort]`;
    `.exports[data-total] a[data-export]`, whose answer says `X-Total-Count`.
    `#events li.event[data-event][data-seq][data-severity][data-certainty][data-phase][data-verdict]
    [data-news=new|changed][data-urgency][data-like]`; `#posts li[data-signal] article.post`.
`/events/<id>`: `#event` with the same data
    `#map[data-events][data-lat][data-lon][data-radius (m)]`; `svg#sparks`; `#summary`; `#anchors`;
    `#judge form.verdict[data-verdict]` and `details[data-verdict]`, with `[data-key]`;
    `#history[data-pending] li[data-decision][data-verdict][data-outcome][data-undone]`, undo:
    `form.undo`; `#figures [data-figure]`, `#contradictions [data-contradiction]`,
    `#tellers tr[data-source]`, `#models tr[data-topic][data-above]`, `#alike a[data-event]`.
`/alerts`, `/alerts/<id>`, `/alerts/manage/<token>`
    `#subscriptions tr[data-subscription][data-state]`, `#state`, `#checked[data-recent]`;
    `form.alert` with `#map[data-draws]`, whose clicks fill `shape`, `lat`, `lon` and `corners`, and
    `#area` with `#places[data-places]` and a `button[name=spot]` for each place that was found;
    `[data-own-zone]`, which is the browser's where it is empty; `.alert-me` leads here.
`/alerts/confirm/<token>`, `/alerts/unsubscribe/<token>`: `#confirm`, `#unsubscribe [data-state]`.
`/sources`: `#alerts[data-stopped]`, `#sources tr[data-source][data-state]`
`/dropped`: `#posts li[data-dropped]`.

Properties of GeoJSON events: id, title, severity, certainty, phase, verdict, size, last, radius_m,
place, urgency. Files that pages load: `static/page.css`, `static/page.js` (a module),
`static/icon.svg` and what lies in `static/vendor/`.
"""
