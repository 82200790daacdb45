// Tells the sign-in form which time zone this browser is in; the server takes it once.
const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
for (const field of document.querySelectorAll("[data-zone]")) field.value = zone || "";
