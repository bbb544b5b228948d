"""Words of dates: halves of the day, eras, months, what labels a date of publication, and what an update."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date
from functools import cache

# Windows of the 24-hour clock. A printed hour is the one hour, itself or twelve later, that falls into the window:
# 밤 12시 and 早上12点 fall into none, so they say nothing.
_AM, _PM = frozenset(range(12)), frozenset(range(12, 24))
_EARLY, _MIDDAY, _LATE, _NIGHT = (frozenset(range(*hours)) for hours in ((4, 12), (10, 18), (15, 24), (17, 24)))
HALVES = {
    "am": _AM, "오전": _AM, "새벽": _AM, "午前": _AM, "上午": _AM, "凌晨": _AM, "未明": _AM,
    "아침": _EARLY, "早朝": _EARLY, "早晨": _EARLY, "早上": _EARLY, "清晨": _EARLY,
    "晨": _EARLY, "朝": _EARLY, "早": _EARLY,
    "낮": _MIDDAY, "昼": _MIDDAY, "中午": _MIDDAY,
    "pm": _PM, "오후": _PM, "午後": _PM, "午后": _PM, "下午": _PM,
    "저녁": _LATE, "夕方": _LATE, "傍晚": _LATE, "夕": _LATE,
    "밤": _NIGHT, "晚上": _NIGHT, "晚間": _NIGHT, "晚间": _NIGHT, "晚": _NIGHT, "晩": _NIGHT, "夜": _NIGHT,
}  # fmt: skip

DAYS_AGO = {
    "today": 0, "오늘": 0, "금일": 0, "今日": 0, "今天": 0, "本日": 0, "きょう": 0,
    "yesterday": 1, "어제": 1, "어저께": 1, "작일": 1, "昨日": 1, "昨天": 1, "きのう": 1,
    "그제": 2, "그저께": 2, "一昨日": 2, "おととい": 2, "前天": 2, "the day before yesterday": 2, "大前天": 3,
}  # fmt: skip

# First and last day; the first year is the one of the first day. Japan's proclamations; 民國 and 주체 count from 1912.
_SINCE_1912 = (date(1912, 1, 1), date.max)
ERAS = {
    "大正": (date(1912, 7, 30), date(1926, 12, 25)),
    "昭和": (date(1926, 12, 25), date(1989, 1, 7)),
    "平成": (date(1989, 1, 8), date(2019, 4, 30)),
    "令和": (date(2019, 5, 1), date.max),
    **dict.fromkeys(("民国", "民國", "주체", "主体", "主體", "チュチェ"), _SINCE_1912),
}

MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
COUNTS = {
    "a": 1, "an": 1, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "하루": 1, "이틀": 2, "사흘": 3,
    "한": 1, "두": 2, "세": 3, "네": 4, "다섯": 5, "여섯": 6, "일곱": 7, "여덟": 8, "아홉": 9, "열": 10,
}  # fmt: skip
HAN_DIGITS = {
    **{numeral: digit for digit, numeral in enumerate("〇一二三四五六七八九")},
    "零": 0, "○": 0, "◯": 0, "两": 2, "兩": 2,
}  # fmt: skip

# What stands before or behind a date and says whose date it is.
UPDATED = (
    "수정", "업데이트", "갱신", "변경", "고침", "정정", "개정", "보완", "편집", "更新", "修正", "改訂", "改定", "訂正",
    "加筆", "編集", "修改", "修訂", "修订", "编辑", "編輯", "更正", "补充", "補充",
)  # fmt: skip
PUBLISHED = (
    "입력", "등록", "승인", "송고", "게시", "게재", "작성", "발행", "배포", "보도", "출고", "공개", "발간", "방송",
    "날짜", "일시", "入力", "公開", "掲載", "配信", "投稿", "発行", "発表", "登録", "作成", "初出", "放送", "日付",
    "日時", "出版", "上架", "上線", "上线", "建立", "发布", "發布", "發佈", "发表", "發表", "刊登", "刊发", "刊發",
    "发稿", "發稿", "发行", "發行", "创建", "上传", "上傳", "日期", "전송", "発信", "公表", "张贴", "張貼", "录入",
    "錄入", "发文", "發文", "播出", "首播",
)  # fmt: skip
ENGLISH_UPDATED = ("amended", "corrected", "edited", "modified", "revised", "update", "updated")
ENGLISH_PUBLISHED = (
    "created", "date", "filed", "issued", "posted", "pubdate", "publication", "publish", "published", "released",
    "uploaded",
)  # fmt: skip
APART, OVER = r"(?:(?<![A-Za-z])|(?<=\d[AaPp][Mm])|(?<=\d [AaPp][Mm]))", "(?:(?![A-Za-z])|(?=[A-Z][a-z]))"
OF_A_LABEL = r"일시|일자|일|시간|시각|날짜|日時|日付|日期|日|時刻|時間|时间|于|於|" + rf"(?i:on|at|date|time){OVER}"
QUALIFIERS = (  # of a label: 최종수정, 最終更新, last updated
    "최종", "최초", "최근", "기사", "일부", "추가", "신규", "처음", "첫", "마지막", "재", "最終", "最後", "最后",
    "最新", "最初", "初回", "初", "原", "首次", "再次", "再", "一部", "大幅", "記事", "last", "first", "latest",
    "originally", "was",
)  # fmt: skip


def any_of(words: Iterable[str]) -> str:
    """An alternation of words, the longest first."""
    return "|".join(sorted(words, key=len, reverse=True))


@cache
def compiled(text: str) -> re.Pattern[str]:
    r"""Compiled when it is first used: most texts need few patterns, and all together take 60 ms.

    ASCII: \d is 0-9, and \b ends a Latin word even where a Chinese one begins.
    """
    return re.compile(text, re.ASCII)
