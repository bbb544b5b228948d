"""The records and enums of every stage: frozen values, no behaviour but what can be read off them.

Sources, outlets and topics come from feeds.yaml. A Document is what a source answered, an Item what it said about one
article, an Article what we make of that, a Mention the pingback. Later stages hold the earlier record instead of
copying its fields. Instants are aware datetimes in UTC; durations are timedeltas; languages are BCP 47 tags.
"""

from aggregator.model.articles import (
    DAY_IN_UTC,
    Article,
    Correction,
    Decision,
    Hit,
    Known,
    Mention,
    MentionKind,
    Pingback,
    Revision,
    RevisionKind,
)
from aggregator.model.citations import Candidate, Citation, CitationState, Lookup, Resolution
from aggregator.model.groups import Clipping, Concept, Copy, Joining, Relation
from aggregator.model.polls import Document, Fetched, Item, Pace, Poll, Reading, Reference, SourceState, Status
from aggregator.model.redaction import is_hidden, public, without_login
from aggregator.model.runs import Alert, Cost, Outcome, PastPoll, Silence, Summary, Trouble
from aggregator.model.settings import (
    Channels,
    Config,
    Kind,
    Outlet,
    Selectors,
    Source,
    Stories,
    Topic,
)
from aggregator.model.texts import Decoded, Language, Link, Precision, Published
from aggregator.model.visits import Debt, Found, Page, Robots, Visit

__all__ = [
    "DAY_IN_UTC", "Alert", "Article", "Candidate", "Channels", "Citation", "CitationState", "Clipping", "Concept",
    "Config", "Copy", "Correction", "Cost", "Debt", "Decision", "Decoded", "Document", "Fetched", "Found", "Hit",
    "Item", "Joining", "Kind", "Known", "Language", "Link", "Lookup", "Mention", "MentionKind", "Outcome", "Outlet",
    "Pace", "Page", "PastPoll", "Pingback", "Poll", "Precision", "Published", "Reading", "Reference", "Relation",
    "Resolution", "Revision", "RevisionKind", "Robots", "Selectors", "Silence", "Source", "SourceState", "Status",
    "Stories", "Summary", "Topic", "Trouble", "Visit", "is_hidden", "public", "without_login",
]  # fmt: skip
