using TenantIdP.Core.Kernel;

namespace TenantIdP.Core.Users;

public static class UserErrors
{
    public static readonly Error NotFound = new(ErrorKind.NotFound, "user_not_found", "There is no such user.");
    public static readonly Error EmailInvalid = new(ErrorKind.Invalid, "email_invalid", "Give one plain email address, such as ann@example.com.", "email");
    public static readonly Error EmailTaken = new(ErrorKind.Conflict, "email_taken", "Another user has verified this email address.", "email");
    public static readonly Error TooManyEmails = new(ErrorKind.Invalid, "too_many_emails", "A user has at most 20 email addresses.", "emails");

    public static readonly Error PasswordTooShort = new(ErrorKind.Invalid, "password_too_short", "Use a password of 15 to 256 characters.", "password");
}
