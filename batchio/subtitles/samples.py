"""Makes the sample set of the subtitles pipeline: lectures that nobody gave, and a lexicon."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from batchio.subtitles.srt_times import format_times

_README = """\
Subtitles of invented lectures, made by Headrace
================================================

  lectures/01_introduction.srt   has terms as a machine heard them: they are corrected
  lectures/02_questions.srt      is right, and has line ends of Windows: it stays as it is
  lectures/03_broken.srt         has blocks that are broken: they are reported with their lines
  lectures/04_evening.srt        is in an encoding of its own, and has tags
  lectures/05_damaged.srt        is an error page: it fails
  lexicons/terms.yaml            terms, and what is written for them
  lexicons/compounds.yaml        terms of several words; one line has a key that is not known

Try:

  python -m pipelines.subtitles --input 'lectures/*.srt' --lexicon 'lexicons/*.yaml' --output out
  python -m pipelines.subtitles --check_lexicon --lexicon 'lexicons/*.yaml'
"""

_TERMS = """\
entries:
- original_term: dharma
  variations: [dharm, darma]
  transliteration: dharma
  category: concept
- original_term: moksha
  variations: [moksh, mokshaa, moksa]
  transliteration: mokṣa
  category: concept
- original_term: satya
  variations: [truth]             # an English word: not used without a clue
  transliteration: satya
  category: concept
- term: Krishna
  variations: [krsna, krishn, crishna]
  transliteration: Kṛṣṇa
  category: deity
- term: Arjuna
  variations: [arjun, arjunaa]
  transliteration: Arjuna
  category: character
- original_term: prarabdha
  variations: [praarabdh]
  transliteration: prārabdha
  category: concept
"""

_COMPOUNDS = """\
compound_terms:
- phrase: Bhagavad Gita
  transliteration: Bhagavad Gītā
  variations: [bhagavat gita, bhagwad geeta]
  type: scriptural_title
- phrase: karma yoga
  variations: [karm yog, karma yog]
  type: practice
  remark: a key that is not known
"""

_INTRODUCTION = (
    "Today we read the bhagwad geeta,\nchapter two verse twenty five.",
    "Here krsna speaks to arjun of the one without a second.",
    "Whoever acts without desire for the fruit, that is karm yog.",
    "What has begun to bear fruit is called praarabda.",
    "The dharm of each of us leads to moksh in the end .",
    "Thank you, and please come again tomorrow.",
)
_QUESTIONS = (
    "Is there a question about what was said yesterday?",
    "Yes, please. Why does Arjuna doubt, when Krishna is beside him?",
    "Because he looks at the two armies one by one,\nand sees only his own people.",
)
_EVENING = (
    "<i>The café is closed, so we sit in the garden.</i>",
    "<i>Some say krishn was here, some say he never left.</i>",
)
_BROKEN = """\
1
00:00:01,000 --> 00:00:04,000
This block is as it should be.

second
00:00:04.500 --> 00:00:08,000
Its number is a word, and its times have a point.

3
00:00:08,500 -> never
This block has no times that can be read.

4
00:00:12,000 --> 00:00:15,000
What krsna said, stands between blocks that are broken.

5
00:00:19,000 --> 00:00:16,000
And this one ends before it begins.
"""
_ERROR_PAGE = "<!DOCTYPE html><html><title>503 Service Unavailable</title></html>\n"

_CUE_MS = 3_500
_PAUSE_MS = 250


def sample_files() -> Iterator[tuple[str, bytes]]:
    """Yields path below the set's folder and content of every sample file."""
    yield "README.txt", _README.encode()
    yield "lexicons/terms.yaml", _TERMS.encode()
    yield "lexicons/compounds.yaml", _COMPOUNDS.encode()
    yield "lectures/01_introduction.srt", make_srt(_INTRODUCTION).encode()
    yield "lectures/02_questions.srt", make_srt(_QUESTIONS).replace("\n", "\r\n").encode()
    yield "lectures/03_broken.srt", _BROKEN.encode()
    yield "lectures/04_evening.srt", make_srt(_EVENING).encode("utf-16")
    yield "lectures/05_damaged.srt", _ERROR_PAGE.encode()


def make_srt(texts: Sequence[str]) -> str:
    """Returns an .srt document with a cue for each text, one after the other."""
    blocks = []
    for number, text in enumerate(texts, 1):
        start = (number - 1) * (_CUE_MS + _PAUSE_MS) + 1_000
        blocks.append(f"{number}\n{format_times(start, start + _CUE_MS)}\n{text}\n")
    return "\n".join(blocks)
