from contract import PipelineContract
from radar_hooks import RadarHooks


class TestRadarContract(RadarHooks, PipelineContract):
    pass
