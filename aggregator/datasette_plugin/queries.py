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

# The usual gap is told from days, not articles: the first poll of a source finds weeks of articles at once. Silence is
# measured at the last run: that nobody asks is no silence of the sources.
SOURCES_GONE_QUIET = """
WITH days AS (
  SELECT source, count(DISTINCT substr(first_seen_at, 1, 10)) AS days,
    julianday(max(first_seen_at)) - julianday(min(first_seen_at)) AS span
  FROM sources JOIN sightings ON source = sources.id AND first_seen_at >= date(last_new_at, '-90 days')
  GROUP BY source
), paced AS (
  SELECT sources.*, days.span / (days.days - 1) AS usual_gap,
    julianday(coalesce((SELECT max(started_at) FROM runs), 'now')) - julianday(last_new_at) AS quiet
  FROM sources LEFT JOIN days ON days.source = sources.id
  WHERE enabled AND status IS NOT NULL AND kind <> 'references'
)
SELECT id AS source, round(quiet, 1) AS days_quiet, round(usual_gap, 1) AS usual_gap_in_days, last_new_at,
  last_ok_at, status, failures, note
FROM paced
WHERE quiet IS NULL OR quiet > max(2, 3 * coalesce(usual_gap, 2))
ORDER BY quiet IS NOT NULL, quiet / max(1, coalesce(usual_gap, 2)) DESC
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
    "sources_gone_quiet": {
        "title": "Sources gone quiet",
        "description": (
            "Sources that are asked but have brought nothing new for more than three times as long as usual (two days"
            " at least), the most unusual silence first; at the top those that never brought anything."
        ),
        "hide_sql": True,
        "sql": SOURCES_GONE_QUIET.strip(),
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
