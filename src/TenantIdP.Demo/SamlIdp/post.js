// Spares the click; without it the button does the same.
document.forms[0].submit();
