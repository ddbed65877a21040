"""What usaddress and usaddress-scourgify say about an address."""

import usaddress
from scourgify import normalize_address_record
from scourgify.exceptions import AddressNormalizationError

from transforms.addresses.usps import Lines, regroup_boxes, standard_lines
from transforms.addresses.usps_text import clean

Answer = tuple[str | None, ...]


def lines_of(text: str) -> Lines:
    """Our lines of a text, tagged as the peer does."""
    return standard_lines(*tagged(clean(text)))


def tagged(text: str) -> tuple[dict[str, str], str | None]:
    try:
        components, kind = usaddress.tag(text)
    except usaddress.RepeatedLabelError as error:
        return regroup_boxes(error.parsed_string), "PO Box"
    return dict(components), kind


def peer_lines(text: str) -> Answer | None:
    """The peer's lines of a text, or none where it refuses."""
    try:
        return tuple(normalize_address_record(text).values())
    except (AddressNormalizationError, TypeError):  # the second where there is no street
        return None
