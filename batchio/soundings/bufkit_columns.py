"""The words of BUFKIT: its level columns, indices and surface columns, with unit and meaning.

Sources: the parameter tables of GEMPAK (SNPARM, SFPARM), https://github.com/Unidata/gempak, and
real files: what the indices mean was found by computing them from the levels.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

MISSING_BELOW = -9998.0  # -9999 is written for "missing", with decimals or without


@dataclass(frozen=True, slots=True)
class Column:
    """A quantity: its unit (UDUNITS), its names and what values it can have."""

    unit: str
    long_name: str
    standard_name: str | None = None  # of CF
    low: float = float("-inf")
    high: float = float("inf")


# Limits are those of the atmosphere, wide: beyond them a line is damaged.
LEVEL_COLUMNS: Mapping[str, Column] = MappingProxyType(
    {
        "PRES": Column("hPa", "pressure", "air_pressure", 0.001, 1100),
        "TMPC": Column("degree_Celsius", "temperature", "air_temperature", -150, 80),
        # The wet-bulb temperature has no limit: above 2.5 hPa some GFS files state 1577.
        "TMWC": Column("degree_Celsius", "wet-bulb temperature", "wet_bulb_temperature"),
        "DWPC": Column("degree_Celsius", "dewpoint", "dew_point_temperature", -273.15, 60),
        "THTE": Column(
            "K", "equivalent potential temperature", "air_equivalent_potential_temperature", 100
        ),
        "DRCT": Column("degree", "direction the wind comes from", "wind_from_direction", 0, 360),
        "SKNT": Column("knot", "wind speed", "wind_speed", 0, 500),
        "OMEG": Column(
            "Pa s-1", "pressure vertical velocity", "lagrangian_tendency_of_air_pressure"
        ),
        "CFRL": Column("percent", "cloud fraction", "cloud_area_fraction_in_atmosphere_layer"),
        "HGHT": Column(
            "m", "geopotential height above mean sea level", "geopotential_height", -1000, 120_000
        ),
    }
)

INDEX_COLUMNS: Mapping[str, Column] = MappingProxyType(
    {
        "SHOW": Column("K", "Showalter index"),
        "LIFT": Column("K", "lifted index of the mean of the lowest 100 hPa"),
        "SWET": Column("1", "SWEAT index"),
        "KINX": Column("degree_Celsius", "K index"),
        "LCLP": Column("hPa", "pressure at the lifting condensation level of the lowest level"),
        "PWAT": Column("mm", "precipitable water of the whole column"),
        "TOTL": Column("K", "total totals index"),
        "CAPE": Column(
            "J kg-1",
            "CAPE of the mean of the lowest 500 m, without virtual-temperature correction",
        ),
        "LCLT": Column("K", "temperature at the lifting condensation level of the lowest level"),
        "CINS": Column("J kg-1", "convective inhibition that goes with CAPE, 0 or less"),
        "EQLV": Column("hPa", "pressure at the equilibrium level that goes with CAPE"),
        "LFCT": Column(
            "hPa", "pressure at the lowest level of free convection that goes with CAPE"
        ),
        "BRCH": Column("1", "bulk Richardson number; 0 where CAPE is 0"),
    }
)

_PRECIPITATION = "precipitation since the row before, as the column is named for 1 h or 3 h"

SURFACE_COLUMNS: Mapping[str, Column] = MappingProxyType(
    {
        "PMSL": Column("hPa", "pressure at mean sea level", "air_pressure_at_mean_sea_level"),
        "PRES": Column("hPa", "pressure at the station", "surface_air_pressure"),
        "SKTC": Column("degree_Celsius", "skin temperature", "surface_temperature"),
        "STC1": Column("K", "soil temperature, layer 1", "soil_temperature"),
        "STC2": Column("K", "soil temperature, layer 2", "soil_temperature"),
        "SNFL": Column("kg m-2", "snowfall of the last hour", "snowfall_amount"),
        "WTNS": Column("percent", "soil moisture availability"),
        "P01M": Column("mm", f"total {_PRECIPITATION}"),
        "P03M": Column("mm", f"total {_PRECIPITATION}"),
        "C01M": Column("mm", f"convective {_PRECIPITATION}"),
        "C03M": Column("mm", f"convective {_PRECIPITATION}"),
        "S01M": Column("mm", f"snow, as water: {_PRECIPITATION}"),
        "S03M": Column("mm", f"snow, as water: {_PRECIPITATION}"),
        "LCLD": Column("percent", "low cloud", "low_type_cloud_area_fraction"),
        "MCLD": Column("percent", "middle cloud", "medium_type_cloud_area_fraction"),
        "HCLD": Column("percent", "high cloud", "high_type_cloud_area_fraction"),
        "SNRA": Column("percent", "snow ratio of the explicit cloud scheme"),
        "UWND": Column("m s-1", "wind at 10 m, to the east", "eastward_wind"),
        "VWND": Column("m s-1", "wind at 10 m, to the north", "northward_wind"),
        "R01M": Column("mm", "surface runoff of the last hour"),
        "BFGR": Column("mm", "baseflow of the last hour"),
        "T2MS": Column("degree_Celsius", "temperature at 2 m", "air_temperature"),
        "TD2M": Column("degree_Celsius", "dewpoint at 2 m", "dew_point_temperature"),
        "Q2MS": Column("g kg-1", "specific humidity at 2 m", "specific_humidity"),
        "WXTS": Column("1", "whether snow falls"),
        "WXTP": Column("1", "whether ice pellets fall"),
        "WXTZ": Column("1", "whether freezing rain falls"),
        "WXTR": Column("1", "whether rain falls"),
        "USTM": Column("m s-1", "storm motion to the east"),
        "VSTM": Column("m s-1", "storm motion to the north"),
        "HLCY": Column("m2 s-2", "storm-relative helicity"),
        "SLLH": Column("mm", "surface evaporation of the last hour"),
        "WSYM": Column("1", "weather symbol"),
        "CDBP": Column("hPa", "pressure at cloud base; none where there is no cloud"),
        "VSBK": Column("km", "visibility", "visibility_in_air"),
        "EVAP": Column("", "evaporation, in a unit that is not established"),
        "SWEM": Column("mm", "snow water equivalent", "lwe_thickness_of_surface_snow_amount"),
    }
)
