"""Questions that an analyst and an operator ask again and again, as canned queries of Datasette."""

from __future__ import annotations

# A day is no instant: an article dated by the day alone stands behind all those of that day whose hour is known.
_WHO_WAS_FIRST = """
WITH dated AS (
  SELECT mentions.topic, articles.*,
    iif(published_at IS NULL OR published_precision = 'day', articles.date || 'T24', published_at) AS at
  FROM mentions JOIN articles ON articles.id = mentions.article
  WHERE mentions.retired_at IS NULL AND articles.date IS NOT NULL
), ranked AS (
  SELECT *, row_number() OVER (PARTITION BY topic, language ORDER BY at, first_seen_at, id) AS place FROM dated
)
SELECT ranked.topic, ranked.language, ranked.date, outlets.name AS outlet, ranked.title, ranked.url,
  ranked.published_at, ranked.published_precision
FROM ranked LEFT JOIN outlets ON outlets.id = ranked.outlet
WHERE place = 1
ORDER BY ranked.topic, at
"""

_SOURCES_GONE_QUIET = """
SELECT alerts.source, outlets.name AS outlet, alerts.note, alerts.began_at, sources.last_new_at, sources.last_ok_at
FROM alerts JOIN sources ON sources.id = alerts.source LEFT JOIN outlets ON outlets.id = sources.outlet
WHERE alerts.kind = 'silent' AND alerts.ended_at IS NULL
ORDER BY sources.last_new_at, alerts.source
"""

_OPEN_ALERTS = """
SELECT alerts.began_at, alerts.source, alerts.kind, alerts.note, alerts.told_at
FROM alerts
WHERE alerts.ended_at IS NULL
ORDER BY alerts.began_at DESC, alerts.id DESC
"""

# A language is missing where the topic has terms in it and no article of the story is written in it; zh is all Chinese.
_COVERAGE_GAPS = """
WITH wanted AS (
  SELECT DISTINCT topics.id AS topic, substr(terms.key, 1, instr(terms.key || '-', '-') - 1) AS language
  FROM topics, json_each(topics.terms) AS terms WHERE topics.enabled AND terms.key <> 'any'
), events AS (
  SELECT DISTINCT mentions.topic, articles.story FROM mentions JOIN articles ON articles.id = mentions.article
  WHERE mentions.retired_at IS NULL AND articles.story IS NOT NULL
)
SELECT events.topic, stories.first_at, stories.title, json_group_array(wanted.language) AS missing, stories.languages,
  stories.outlets, stories.articles, stories.id AS story
FROM events JOIN stories ON stories.id = events.story JOIN wanted ON wanted.topic = events.topic
WHERE stories.outlets > 1 AND NOT EXISTS (
  SELECT 1 FROM json_each(stories.languages) AS told
  WHERE told.value = wanted.language OR told.value LIKE wanted.language || '-%'
)
GROUP BY events.topic, stories.id
ORDER BY stories.first_at DESC, stories.id DESC
"""

_RECENT_CORRECTIONS = """
WITH corrected AS (
  SELECT article, seen_at AS found_at, field AS what, before, after FROM revisions WHERE kind = 'correction'
  UNION ALL
  SELECT article, found_at, 'spelling', wrong, "right" FROM corrections
)
SELECT corrected.found_at, outlets.name AS outlet, corrected.what, corrected.before, corrected.after, articles.title,
  articles.url, articles.language
FROM corrected JOIN articles ON articles.id = corrected.article LEFT JOIN outlets ON outlets.id = articles.outlet
WHERE corrected.found_at >= strftime('%Y-%m-%dT%H:%M:%SZ', 'now', '-31 days')
ORDER BY corrected.found_at DESC, articles.id DESC
"""

_WIRE_COPIES = """
SELECT outlets.name AS outlet, count(*) AS copies, count(DISTINCT copies.copy_of) AS articles,
  count(DISTINCT copies.outlet) AS printed_by, max(copies.date) AS last_on
FROM articles AS copies JOIN articles AS originals ON originals.id = copies.copy_of
LEFT JOIN outlets ON outlets.id = originals.outlet
GROUP BY originals.outlet
ORDER BY copies DESC, outlets.name
"""

_UNDATED_ARTICLES = """
SELECT articles.first_seen_at, outlets.name AS outlet, articles.title, articles.url, articles.language,
  articles.published_text, articles.published_basis
FROM articles LEFT JOIN outlets ON outlets.id = articles.outlet
WHERE articles.date IS NULL
ORDER BY articles.first_seen_at DESC, articles.id DESC
"""

QUERIES = {
    "coverage_gaps": {
        "title": "Coverage gaps",
        "description": (
            "Events of a topic that two outlets or more wrote about, and the languages of the topic in which nobody"
            " did, the newest first. Only what the sources of feeds.yaml print is known: a gap may be a missing source."
        ),
        "hide_sql": True,
        "sql": _COVERAGE_GAPS.strip(),
    },
    "recent_corrections": {
        "title": "Corrections of the last 31 days",
        "description": (
            "What outlets say that they had wrong: headlines and summaries with a correction notice, before and after,"
            " and the single words that a notice puts right."
        ),
        "hide_sql": True,
        "sql": _RECENT_CORRECTIONS.strip(),
    },
    "open_alerts": {
        "title": "Open alerts",
        "description": (
            "What an operator should look at, the newest first: sources that fail, fell silent, changed, date articles"
            " in the future, or print faster than they are read."
        ),
        "hide_sql": True,
        "sql": _OPEN_ALERTS.strip(),
    },
    "sources_gone_quiet": {
        "title": "Sources gone quiet",
        "description": (
            "Sources that answer but have brought nothing new for more than three times as long as usual (two days at"
            " least), the longest silence first; at the top those that never brought anything."
        ),
        "hide_sql": True,
        "sql": _SOURCES_GONE_QUIET.strip(),
    },
    "undated_articles": {
        "title": "Undated articles",
        "description": (
            "Articles whose day of publication is not known, with the date as it was printed, if any, and why it could"
            " not be read. Where a source brings many, `zone`, `selectors` or `visit` in feeds.yaml may help."
        ),
        "hide_sql": True,
        "sql": _UNDATED_ARTICLES.strip(),
    },
    "wire_copies": {
        "title": "Wire copies",
        "description": (
            "Whose texts others print: for every outlet how many copies of its articles there are, of how many"
            " articles, under how many outlets' addresses, and when it happened last."
        ),
        "hide_sql": True,
        "sql": _WIRE_COPIES.strip(),
    },
    "who_was_first": {
        "title": "Who was first",
        "description": (
            "For every topic and language the article that mentioned it first. Where only the day of publication is"
            " known, articles of that day whose hour is known come before it."
        ),
        "hide_sql": True,
        "sql": _WHO_WAS_FIRST.strip(),
    },
}
