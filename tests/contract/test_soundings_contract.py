from contract import PipelineContract
from soundings_hooks import SoundingsHooks


class TestSoundingsContract(SoundingsHooks, PipelineContract):
    pass
