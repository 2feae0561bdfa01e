using static TenantIdP.Scim.Schemas.MultiValuedShape;

namespace TenantIdP.Scim.Schemas;

/// <summary>The core user (RFC 7643 4.1 and 8.7.1).</summary>
public static class UserSchema
{
    public static ScimAttribute UserName { get; } = new("userName") { Description = "Identifies the user to the directory; unique in it, whatever the case.", Required = true, Uniqueness = Uniqueness.Server };

    public static ScimAttribute FamilyName { get; } = Text("familyName", "The last name.");

    public static ScimAttribute GivenName { get; } = Text("givenName", "The first name.");

    public static ScimAttribute FormattedName { get; } = Text("formatted", "The whole name as it is shown.");

    public static ScimAttribute Name { get; } = new("name", AttributeType.Complex)
    {
        Description = "The parts of the name.",
        SubAttributes =
        [
            FormattedName, FamilyName, GivenName, Text("middleName", "The middle names."), Text("honorificPrefix", "A title before the name."), Text("honorificSuffix", "A suffix such as III."),
        ],
    };

    public static ScimAttribute DisplayName { get; } = Text("displayName", "The name that people see.");

    /// <summary>Absent when a user is made: true. Removed by a PATCH: false, because what nobody says is true must not let anybody in.</summary>
    public static ScimAttribute Active { get; } = new("active", AttributeType.Boolean) { Description = "Whether the user may sign in to the organization." };

    public static ScimAttribute Password { get; } = new("password") { Description = "Accepted and never stored: users of a directory sign in by its connection.", CaseExact = true, Mutability = Mutability.WriteOnly, Returned = Returned.Never };

    public static ScimAttribute Emails { get; } = Of("emails", "Mail addresses.", Text("value", "The address."), "work", "home", "other");

    public static ScimAttribute PhoneNumbers { get; } = Of("phoneNumbers", "Telephone numbers.", Text("value", "The number."), "work", "home", "mobile", "fax", "pager", "other");

    public static ScimAttribute Addresses { get; } = new("addresses", AttributeType.Complex)
    {
        Description = "Postal addresses.",
        MultiValued = true,
        SubAttributes =
        [
            Text("formatted", "The whole address."), Text("streetAddress", "Street and number."), Text("locality", "The city."), Text("region", "The state or region."), Text("postalCode", "The postal code."),
            Text("country", "ISO 3166-1 alpha-2."), new ScimAttribute("type") { Description = "What it is for.", CanonicalValues = ["work", "home", "other"] },
            new ScimAttribute("primary", AttributeType.Boolean) { Description = "Whether it is the preferred one; at most one is." },
        ],
    };

    public static ScimAttribute Groups { get; } = new("groups", AttributeType.Complex)
    {
        Description = "The groups that the user is in. Changed at the groups.",
        MultiValued = true,
        Mutability = Mutability.ReadOnly,
        SubAttributes =
        [
            new ScimAttribute("value") { Description = "The id of the group.", CaseExact = true, Mutability = Mutability.ReadOnly },
            new ScimAttribute("$ref", AttributeType.Reference) { Description = "The group's address.", Mutability = Mutability.ReadOnly, ReferenceTypes = ["Group"] },
            new ScimAttribute("display") { Description = "The group's name.", Mutability = Mutability.ReadOnly },
            new ScimAttribute("type") { Description = "How the user is in it.", Mutability = Mutability.ReadOnly, CanonicalValues = ["direct", "indirect"] },
        ],
    };

    public static ScimAttribute Roles { get; } = Of("roles", "What the user is in the organization, as the directory says.", Text("value", "The role."));

    public static ScimSchema Schema { get; } = new(ScimUrns.User, "User", "A user account.",
    [
        UserName,
        Name,
        DisplayName,
        Text("nickName", "The casual name."),
        new ScimAttribute("profileUrl", AttributeType.Reference) { Description = "A page about the user.", ReferenceTypes = ["external"] },
        Text("title", "The job title."),
        Text("userType", "How user and organization are related, such as Contractor."),
        Text("preferredLanguage", "As in Accept-Language."),
        Text("locale", "For dates and numbers, such as de-CH."),
        Text("timezone", "As in the IANA database."),
        Active,
        Password,
        Emails,
        PhoneNumbers,
        Of("ims", "Addresses of instant messaging.", Text("value", "The address."), "aim", "gtalk", "icq", "xmpp", "msn", "skype", "qq", "yahoo"),
        Of("photos", "Pictures.", new ScimAttribute("value", AttributeType.Reference) { Description = "The picture's address.", ReferenceTypes = ["external"] }, "photo", "thumbnail"),
        Addresses,
        Groups,
        Of("entitlements", "What the user has.", Text("value", "The entitlement.")),
        Roles,
        Of("x509Certificates", "Certificates.", new ScimAttribute("value", AttributeType.Binary) { Description = "DER in base64." }),
    ]);
}
