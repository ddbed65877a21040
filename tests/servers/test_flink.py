from contract_flink import FlinkContract
from radar_hooks import RadarHooks
from syntax_hooks import SyntaxHooks


class TestRadarOnFlink(RadarHooks, FlinkContract):
    pass


class TestSyntaxOnFlink(SyntaxHooks, FlinkContract):
    pass
