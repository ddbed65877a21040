from addresses_hooks import AddressesHooks
from contract import PipelineContract


class TestAddressesContract(AddressesHooks, PipelineContract):
    pass
