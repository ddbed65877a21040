from contract import PipelineContract
from subtitles_hooks import SubtitlesHooks


class TestSubtitlesContract(SubtitlesHooks, PipelineContract):
    pass
