"""Words that stand on bills beside numbers and codes and tell what they are, in lower case unless said otherwise."""


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


PROCEDURE_LABELS = _words("cpt hcpcs procedure procedures proc code codes svc")
DIAGNOSIS_LABELS = _words("dx diag diagnosis diagnoses icd icd10 icd10cm icd9")
MODIFIER_LABELS = _words("mod mods modifier modifiers")
# After these a number is somebody's or something's number, or an amount.
NUMBER_LABELS = _words(
    "account acct act claim clm invoice inv member mbr id group grp mrn phone tel telephone fax cell zip postal box "
    "ref reference policy npi ein tin tax auth authorization confirmation receipt rx bin pcn subscriber serial lot "
    "balance total amount payment deductible"
)
# After these, with one of the words below between: "visit no. 12345", but "office visit 99213".
THINGS_WITH_NUMBERS = _words("visit encounter control order case check file page")
NUMBER_WORDS = _words("no number nbr num code id")
# After these even a letter with digits is no code: a room, a member.
NAME_LABELS = _words(
    "account acct claim invoice member id group mrn policy ref reference room rm bed suite ste apt apartment bldg "
    "building floor gate box vitamin serial lot"
)
# Before the number or the name of somebody or something: "Group no. E0100", "Policy #J1100".
NUMBER_MARKS = _words("no number nbr num id")
# After these, with a colon or one of the words above, a letter with digits is that of an insured person or a contract.
IDENTIFIER_LABELS = _words(
    "account acct member mbr group grp mrn policy subscriber serial lot auth authorization confirmation receipt ref "
    "reference claim invoice contract patient"
)
UNITS = _words("unit units un ea each mg mcg ml g kg cm mm cc days day hours hour hrs hr min mins")
STREETS = _words(
    "st street ave avenue rd road blvd boulevard dr drive ln lane way ct court hwy highway pkwy parkway pl place "
    "plaza sq square ter terrace cir circle"
)
# In capitals, as postal addresses have them.
STATES = _words(
    "AL AK AZ AR CA CO CT DE DC FL GA HI ID IL IN IA KS KY LA ME MD MA MI MN MS MO MT NE NV NH NJ NM NY NC ND OH OK "
    "OR PA PR RI SC SD TN TX UT VT VA WA WV WI WY"
)
# In capitals: modifiers that before another word mostly mean themselves.
SMALL_WORDS = _words("AS AT GO US ST ME PT MD CC ED SO")
# The numbers that are modifiers of CPT. Other numbers of two digits are counts, days, or places of service.
CPT_MODIFIERS = _words(
    "22 23 24 25 26 27 32 33 47 50 51 52 53 54 55 56 57 58 59 62 63 66 73 74 76 77 78 79 80 81 82 90 91 92 93 95 96 "
    "97 99"
)
MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
