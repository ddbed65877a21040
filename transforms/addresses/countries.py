"""Addresses that say themselves that they are of another country.

The model behind the labels knows the United States alone. What counts is the name of a country as
the last part of an address, behind a comma or a line end, or a postal code of the United Kingdom or
of Canada at its end.
"""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc

_NAMES = """
Afghanistan|Albania|Algeria|Andorra|Angola|Argentina|Armenia|Australia|Austria|Azerbaijan|Bahamas|
The Bahamas|Bahrain|Bangladesh|Barbados|Belarus|Belgium|Belize|Benin|Bhutan|Bolivia|
Bosnia and Herzegovina|Botswana|Brazil|Brasil|Brunei|Bulgaria|Burkina Faso|Burundi|Cambodia|
Cameroon|Canada|Cape Verde|Central African Republic|Chad|Chile|China|Colombia|Comoros|Congo|
Costa Rica|Croatia|Cuba|Cyprus|Czechia|Czech Republic|Denmark|Danmark|Djibouti|Dominica|
Dominican Republic|Ecuador|Egypt|El Salvador|England|Equatorial Guinea|Eritrea|Estonia|Eswatini|
Ethiopia|Fiji|Finland|Suomi|France|Gabon|Gambia|The Gambia|Germany|Deutschland|Ghana|Great Britain|
Greece|Grenada|Guatemala|Guinea|Guinea-Bissau|Guyana|Haiti|Honduras|Hong Kong|Hungary|Iceland|
India|Indonesia|Iran|Iraq|Ireland|Israel|Italy|Italia|Ivory Coast|Côte d'Ivoire|Jamaica|Japan|
Jordan|Kazakhstan|Kenya|Kiribati|Kosovo|Kuwait|Kyrgyzstan|Laos|Latvia|Lebanon|Lesotho|Liberia|
Libya|Liechtenstein|Lithuania|Luxembourg|Macao|Macau|Madagascar|Malawi|Malaysia|Maldives|Mali|
Malta|Mauritania|Mauritius|Mexico|México|Moldova|Monaco|Mongolia|Montenegro|Morocco|Mozambique|
Myanmar|Namibia|Nauru|Nepal|Netherlands|The Netherlands|Nederland|New Zealand|Nicaragua|Niger|
Nigeria|North Korea|North Macedonia|Northern Ireland|Norway|Norge|Oman|Österreich|Pakistan|Panama|
Papua New Guinea|Paraguay|Peru|Perú|Philippines|Poland|Polska|Portugal|Qatar|Romania|Russia|
Russian Federation|Rwanda|Saint Lucia|Samoa|San Marino|Saudi Arabia|Schweiz|Scotland|Senegal|
Serbia|Seychelles|Sierra Leone|Singapore|Slovakia|Slovenia|Solomon Islands|Somalia|South Africa|
South Korea|South Sudan|Spain|España|Sri Lanka|Sudan|Suisse|Suriname|Sweden|Sverige|Switzerland|
Syria|Taiwan|Tajikistan|Tanzania|Thailand|Timor-Leste|Togo|Tonga|Trinidad and Tobago|Tunisia|
Turkey|Türkiye|Turkmenistan|Tuvalu|Uganda|UK|U.K.|Ukraine|United Arab Emirates|UAE|United Kingdom|
Uruguay|Uzbekistan|Vanuatu|Vatican City|Venezuela|Vietnam|Viet Nam|Wales|Yemen|Zambia|Zimbabwe
"""
# Without Georgia, which is a state, and with short names as people write them.
_COUNTRIES = {name.casefold(): name for name in _NAMES.replace("\n", "").strip("|").split("|")}
_LAST_PART = r"(?s)^.*[,;\n]\s*(?P<last>[^,;\n]*?)[\s.,;]*$"
_ZIP = r"[0-9]{4}\s*$"  # most addresses; no other code that is looked for ends so
_UK_CODE = r"(?i)\b[a-z]{1,2}[0-9][a-z0-9]? ?[0-9][abd-hjlnp-uw-z]{2}[\s.,;]*$"
_CANADIAN_CODE = (
    r"(?i)\b[abceghj-nprstvxy][0-9][abceghj-nprstv-z][ -]?[0-9][abceghj-nprstv-z][0-9][\s.,;]*$"
)


def find_countries(texts: pa.StringArray) -> pa.StringArray:
    """Returns the country that each text names, null where it names none, or the United States."""
    at_home = pc.fill_null(pc.match_substring_regex(texts, _ZIP), False)
    if not at_home.true_count:
        return _find(texts)
    countries = pa.nulls(len(texts), pa.string())
    elsewhere = pc.invert(at_home)
    return pc.replace_with_mask(countries, elsewhere, _find(texts.filter(elsewhere)))


def _find(texts: pa.StringArray) -> pa.StringArray:
    last = pc.struct_field(pc.extract_regex(texts, _LAST_PART), "last")
    coded = last.dictionary_encode()
    named = pa.array(
        [_COUNTRIES.get(name.casefold()) for name in coded.dictionary.to_pylist()], pa.string()
    ).take(coded.indices)
    british = pc.match_substring_regex(texts, _UK_CODE)
    canadian = pc.match_substring_regex(texts, _CANADIAN_CODE)
    by_code = pc.if_else(
        british, "United Kingdom", pc.if_else(canadian, "Canada", pa.scalar(None, pa.string()))
    )
    return pc.coalesce(named, by_code)
