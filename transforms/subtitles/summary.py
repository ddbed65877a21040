"""What all files of a run come to: the content of `report.json`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from batchio.subtitles.parts import FileFindings
from batchio.subtitles.srt_issues import KINDS
from batchio.subtitles.tables import LIMITS, RULES
from transforms.subtitles.profiles import find_profile
from transforms.subtitles.quality import READABILITY, STRUCTURE, TEXT
from transforms.subtitles.reference import Comparison

_BEFORE, _AFTER, _RULE, _SCORE = 4, 5, 6, 8  # columns of a correction
_KIND = 2  # of an issue
_MOST_TOLD = 20
_CONFIDENCES = (("0.9 and more", 90.0), ("0.7 to 0.9", 70.0), ("0.5 to 0.7", 50.0), ("less", 0.0))
_PARTS = ("score", "structure", "readability", "text")
_STATES = ("ok", "warnings", "failed", "corrected", "other_language")
_WHEN = ("before", "after")
_FORMULA = (
    f"score = 100 x ({STRUCTURE} structure + {READABILITY} readability + {TEXT} text); "
    "structure: share of cues without a fault of parsing or time; readability: share of cues "
    "within all limits; text: share of words that are not suspect"
)


@dataclass
class Summary:
    """Adds files up.

    Attributes:
        profile: The limits of readable cues.
        asked: How files are corrected, as the report tells it.
    """

    profile: str
    asked: Mapping[str, Any] = field(default_factory=dict)
    _files: Counter[str] = field(default_factory=Counter)
    _sums: Counter[str] = field(default_factory=Counter)
    _encodings: Counter[str] = field(default_factory=Counter)
    _corrections: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    _confidences: Counter[str] = field(default_factory=Counter)
    _issues: Counter[str] = field(default_factory=Counter)
    _weighted: Counter[str] = field(default_factory=Counter)
    _plain: Counter[str] = field(default_factory=Counter)
    _references: int = 0
    _verses: Counter[str] = field(default_factory=Counter)
    _reference: Counter[str] = field(default_factory=Counter)

    def add_failed(self) -> None:
        """Adds a file that could not be read."""
        self._files["failed"] += 1

    def add(self, found: FileFindings) -> None:
        """Adds a file."""
        row = found.row
        self._files[row["status"]] += 1
        self._files["corrected"] += bool(row["corrections"])
        self._files["other_language"] += not row["word_list"]
        self._encodings[f"{row['encoding']} ({row['encoding_source']})"] += 1
        for name in ("cues", "lost", "corrections", "words", "suspects", "overlaps"):
            self._sums[name] += row[name]
        for limit in LIMITS:
            self._sums[f"over_{limit}"] += row.get(f"over_{limit}", 0)
        for part in _PARTS:
            for when in _WHEN:
                value = row[f"{part}_{when}"]
                self._weighted[f"{part}_{when}"] += value * row["cues"]
                self._plain[f"{part}_{when}"] += value
        for each in found.corrections:
            self._corrections[each[_BEFORE], each[_AFTER], each[_RULE]] += 1
            self._confidences[next(name for name, low in _CONFIDENCES if each[_SCORE] >= low)] += 1
        self._issues.update(each[_KIND] for each in found.issues)
        self._verses.update(reference for *_, reference, _, _, _ in found.verses)
        if found.reference:
            self._references += 1
            self._reference.update(found.reference)

    def content(self) -> dict[str, Any]:
        """Returns the report as JSON."""
        files, sums = self._files, self._sums
        read = files["ok"] + files["warnings"]
        content: dict[str, Any] = {
            "settings": dict(self.asked),
            "files": {
                "all": read + files["failed"],
                **{name: files[name] for name in _STATES},
            },
            **{name: sums[name] for name in ("cues", "lost", "words", "suspects")},
            "encodings": _sorted(self._encodings),
            "corrections": self._told_corrections(),
            "quality": self._quality(read),
            "limits": self._limits(),
            "issues": [
                {"kind": kind, "meaning": KINDS[kind].meaning, "count": count}
                for kind, count in _sorted(self._issues).items()
            ],
        }
        if "verses" in self.asked:
            content["verses"] = _sorted(self._verses)
        return content | ({"reference": self._compared()} if self._references else {})

    def _told_corrections(self) -> dict[str, Any]:
        rules: Counter[str] = Counter()
        for (_, _, rule), count in self._corrections.items():
            rules[rule] += count
        most = sorted(self._corrections.items(), key=lambda item: (-item[1], item[0]))
        return {
            "all": self._sums["corrections"],
            "by_type": {rule: rules[rule] for rule in RULES},
            "confidence": {name: self._confidences[name] for name, _ in _CONFIDENCES},
            "most_frequent": [
                {"before": before, "after": after, "rule": rule, "count": count}
                for (before, after, rule), count in most[:_MOST_TOLD]
            ],
        }

    def _quality(self, read: int) -> dict[str, Any]:
        def means(sums: Mapping[str, float], by: int) -> dict[str, Any]:
            told: dict[str, Any] = {
                when: {
                    part: round(sums[f"{part}_{when}"] / by, 4 if part != "score" else 2)
                    for part in _PARTS
                }
                for when in _WHEN
            }
            return told | {"gain": round((sums["score_after"] - sums["score_before"]) / by, 4)}

        quality: dict[str, Any] = {"formula": _FORMULA}
        if read:
            quality["by_cues"] = means(self._weighted, self._sums["cues"])
            quality["by_files"] = means(self._plain, read)
        return quality

    def _limits(self) -> dict[str, Any]:
        profile = find_profile(self.profile)
        limits = {name: getattr(profile, name) for name in LIMITS}
        told = [
            {"name": name, "limit": limit, "cues": self._sums[f"over_{name}"]}
            for name, limit in limits.items()
            if limit is not None
        ]
        overlaps = {"name": "overlaps", "limit": 0, "cues": self._sums["overlaps"]}
        return {"profile": profile.name, "source": profile.source, "over": [*told, overlaps]}

    def _compared(self) -> dict[str, Any]:
        total = Comparison(**self._reference)
        rates = ("wer_before", "wer_after", "cer_before", "cer_after")
        return {
            "files": self._references,
            "words": total.words,
            **{name: round(getattr(total, name), 6) for name in rates},
            **{name: getattr(total, name) for name in ("right", "wrong", "missed")},
        }


def _sorted(counts: Counter[str]) -> dict[str, int]:
    return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))
