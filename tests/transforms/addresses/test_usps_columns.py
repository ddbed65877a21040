"""Lines by columns are those that one address after the other gives."""

import csv
import json
from pathlib import Path

import pyarrow as pa
import pytest
from address_texts import typo_variants
from peer import lines_of

from transforms.addresses.tagger import Tagger
from transforms.addresses.usps_columns import standard_columns
