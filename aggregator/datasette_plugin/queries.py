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

# The usual gap is told from days, not articles: the first poll of a source finds weeks of articles at once.
_SOURCES_GONE_QUIET = """
WITH days AS (
  SELECT source, count(DISTINCT substr(first_seen_at, 1, 10)) AS days,
    julianday(max(first_seen_at)) - julianday(min(first_seen_at)) AS span
  FROM sightings GROUP BY source
), paced AS (
  SELECT sources.*, days.span / (days.days - 1) AS usual_gap, julianday('now') - julianday(last_new_at) AS quiet
  FROM sources LEFT JOIN days ON days.source = sources.id
  WHERE enabled AND status IS NOT NULL AND kind <> 'references'
)
SELECT id AS source, round(quiet, 1) AS days_quiet, round(usual_gap, 1) AS usual_gap_in_days, last_new_at,
  last_ok_at, status, failures, note
FROM paced
WHERE quiet IS NULL OR quiet > max(2, 3 * coalesce(usual_gap, 2))
ORDER BY quiet IS NOT NULL, quiet / max(1, coalesce(usual_gap, 2)) DESC
"""

QUERIES = {
    "sources_gone_quiet": {
        "title": "Sources gone quiet",
        "description": (
            "Sources that are asked but have brought nothing new for more than three times as long as usual (two days"
            " at least), the most unusual silence first; at the top those that never brought anything."
        ),
        "hide_sql": True,
        "sql": _SOURCES_GONE_QUIET.strip(),
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
