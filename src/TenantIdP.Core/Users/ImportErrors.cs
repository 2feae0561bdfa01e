using TenantIdP.Core.Kernel;

namespace TenantIdP.Core.Users;

/// <summary>Why one row of an import is refused, besides what refuses the same change elsewhere.</summary>
public static class ImportErrors
{
    public static readonly Error HashInvalid = new(ErrorKind.Invalid, "password_hash_invalid",
        "Give a hash as bcrypt ($2a$, $2b$, $2y$), argon2id ($argon2id$v=19$), PBKDF2 (pbkdf2_sha256$ or $pbkdf2-sha256$) or ASP.NET Core Identity version 3 writes it.", "passwordHash");

    public static readonly Error HashTooCostly = new(ErrorKind.Invalid, "password_hash_too_costly",
        "Checking this hash would take too long: bcrypt's cost is 4 to 14, PBKDF2 has at most 2,000,000 rounds, argon2id at most m=262144, t=10, p=8.", "passwordHash");

    public static readonly Error AlgorithmDiffers = new(ErrorKind.Invalid, "password_hash_algorithm_differs", "The hash is not of the algorithm that is named.", "passwordHash.algorithm");
    public static readonly Error RowInvalid = new(ErrorKind.Invalid, "import_row_invalid", "The line is not the JSON object that is expected here.");
    public static readonly Error TooManyRows = new(ErrorKind.Invalid, "import_too_many_rows", "An import has at most 10,000 rows: send several. Nothing of this one was done.");
    public static readonly Error MatchInvalid = new(ErrorKind.Invalid, "match_invalid", "Without 'match' a row finds an account by its external id only; the other way is email.", "match");
    public static readonly Error Nobody = new(ErrorKind.Invalid, "import_row_names_nobody", "Give an external id or a verified email address.", "externalId");
    public static readonly Error PrimaryInvalid = new(ErrorKind.Invalid, "import_primary_invalid", "At most one address is primary, and a verified one where there is one.", "emails");

    public static readonly Error MatchesByEmail = new(ErrorKind.Conflict, "import_matches_by_email",
        "Another account has verified an address of this row. Send ?match=email to bring both together, or correct the row.", "emails");

    public static readonly Error Ambiguous = new(ErrorKind.Conflict, "import_matches_several", "The addresses of this row belong to several accounts.", "emails");
    public static readonly Error NotActive = new(ErrorKind.Conflict, "import_user_not_active", "The account is suspended: resume it before it joins an organization.");
    public static readonly Error TooManyMemberships = new(ErrorKind.Invalid, "import_too_many_memberships", "A row has at most 20 memberships, each of another organization.", "memberships");
    public static readonly Error StatusInvalid = new(ErrorKind.Invalid, "import_status_invalid", "A membership is imported as active or deactivated.", "memberships");
    public static readonly Error TooManyMembers = new(ErrorKind.Invalid, "import_too_many_rows", "An import of one organization has at most 1,000 rows: send several. Nothing of this one was done.");

    public static readonly Error OutsideDomains = new(ErrorKind.Conflict, "email_domain_not_allowed",
        "The address is in no domain that this organization has verified by DNS or an operator: verify the domain first, or have an operator add the person.", "email");

    public static readonly Error PersonUnavailable = new(ErrorKind.Conflict, "import_person_unavailable", "This person can't be added by an import.", "email");
    public static readonly Error OrganizationUnknown = new(ErrorKind.Invalid, "import_organization_unknown", "There is no organization with this id, slug or external id.", "memberships");

    public static readonly Error OrganizationAmbiguous = new(ErrorKind.Conflict, "import_organization_ambiguous",
        "One organization has this as its external id, another as its slug: say organizationId, organizationExternalId or organizationSlug.", "memberships");

    public static readonly Error OrganizationNamedTwice = new(ErrorKind.Invalid, "import_organization_named_twice",
        "Name the organization of a membership by one of organizationId, organizationExternalId, organizationSlug and organization.", "memberships");
}
