"""Passwords of ten characters or more that everybody tries first; shorter ones are refused anyway."""

_WORDS = """
1234567890 0123456789 12345678910 123456789a 1234567891 0987654321 9876543210 123123123123 1122334455
1q2w3e4r5t 1q2w3e4r5t6y 1qaz2wsx3edc qwertyuiop qwerty12345 qwerty123456 qwertyuiop123 asdfghjkl1
asdfghjklñ zxcvbnm123 qazwsxedc123 q1w2e3r4t5 q1w2e3r4t5y6 abcdefghij abcd123456 abc1234567 abcdef1234
password12 password123 password1234 password12345 password2024 password2025 password2026 passw0rd123
p@ssword123 p@ssw0rd123 mypassword thepassword changeme123 changemenow letmein123 letmein1234 iloveyou12
iloveyou123 iloveyou1234 welcome123 welcome1234 welcome2025 welcome2026 administrator admin12345 admin123456
adminadmin superadmin rootroot12 football123 baseball123 basketball liverpool1 manchester barcelona1 realmadrid1
sunshine123 princess123 starwars123 pokemon123 dragon12345 monkey12345 michael123 jennifer123 computer123
internet123 secret12345 trustno1trustno1 whatever123 correcthorse correcthorsebatterystaple
contraseña contraseña1 contraseña123 contrasena contrasena1 contrasena123 contrasena1234 micontraseña
bienvenido bienvenido1 bienvenida1 teamomucho teamo12345 estrella123 mariposa123 alejandro1 administrador
realmadrid barcelona123 españa2026 hola123456 holahola123 relevorelevo relevo1234 relevo12345
"""
COMMON = frozenset(_WORDS.split())
