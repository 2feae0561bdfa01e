using TenantIdP.Core.Kernel;

namespace TenantIdP.Core.Users;

public static class UserErrors
{
    public static readonly Error NotFound = new(ErrorKind.NotFound, "user_not_found", "There is no such user.");
    public static readonly Error Ended = new(ErrorKind.Conflict, "user_ended", "This account was merged into another one or erased: nothing of it can change.");
    public static readonly Error EmailInvalid = new(ErrorKind.Invalid, "email_invalid", "Give one plain email address, such as ann@example.com.", "email");
    public static readonly Error EmailTaken = new(ErrorKind.Conflict, "email_taken", "Another user has verified this email address.", "email");
    public static readonly Error TooManyEmails = new(ErrorKind.Invalid, "too_many_emails", "A user has at most 20 email addresses.", "emails");
    public static readonly Error EmailNotFound = new(ErrorKind.NotFound, "user_email_not_found", "The user has no such email address.");
    public static readonly Error EmailExists = new(ErrorKind.Conflict, "email_exists", "The user has this email address already.", "address");
    public static readonly Error EmailNotVerified = new(ErrorKind.Conflict, "primary_not_verified", "The user has a verified address: verify this one before it becomes the primary one.", "primary");
    public static readonly Error PrimaryEmail = new(ErrorKind.Conflict, "primary_email", "This is the primary address: make another one primary first.");
    public static readonly Error LastEmail = new(ErrorKind.Conflict, "last_email", "This is the user's only address: add another one first.");
    public static readonly Error PrimaryStays = new(ErrorKind.Invalid, "primary_stays", "An address stops being primary when another one becomes it: leave 'primary' out or send true.", "primary");

    public static readonly Error ManagedByDirectory = new(ErrorKind.Conflict, "managed_by_directory",
        "A directory decides about the names and the primary address of this account: change them there, or switch the directory's ownsProfile off.");

    public static readonly Error ExternalIdInvalid = new(ErrorKind.Invalid, "external_id_invalid", "An external id has 1 to 200 characters without control characters.", "externalId");
    public static readonly Error ExternalIdTaken = new(ErrorKind.Conflict, "external_id_taken", "Another user has this external id.", "externalId");
    public static readonly Error PictureInvalid = new(ErrorKind.Invalid, "picture_invalid", "A picture is an https address of at most 2,048 characters.", "picture");
    public static readonly Error PhoneNumberInvalid = new(ErrorKind.Invalid, "phone_number_invalid", "Give the number in E.164 form, such as +4930901820.", "phoneNumber");
    public static readonly Error LocaleInvalid = new(ErrorKind.Invalid, "locale_invalid", "Give a language tag (BCP 47), such as de-CH.", "locale");
    public static readonly Error ZoneInfoInvalid = new(ErrorKind.Invalid, "zone_info_invalid", "Give a name of the tz database, such as Europe/Zurich.", "zoneInfo");

    public static readonly Error PasswordTooShort = new(ErrorKind.Invalid, "password_too_short", "Use a password of 15 to 256 characters.", "password");
    public static readonly Error PasswordNotFound = new(ErrorKind.NotFound, "password_not_found", "The user has no password here.");

    public static readonly Error IdentityNotFound = new(ErrorKind.NotFound, "identity_not_found", "The user has no such identity.");
    public static readonly Error LastIdentity = new(ErrorKind.Conflict, "last_identity", "This is the user's only way to sign in. Give them another one first, or suspend or erase the user.");

    public static readonly Error MergeWithItself = new(ErrorKind.Invalid, "merge_with_itself", "A user can't be merged into itself.", "from");
    public static readonly Error MergeNotActive = new(ErrorKind.Conflict, "merge_not_active", "Only active accounts are merged: resume the suspended one first.");
    public static readonly Error MergeOperator = new(ErrorKind.Conflict, "merge_operator", "An operator's account is never merged.");
    public static readonly Error EraseNotConfirmed = new(ErrorKind.Invalid, "erase_not_confirmed", "Repeat the id of the user in 'confirm'. Erasing can't be undone.", "confirm");
}
