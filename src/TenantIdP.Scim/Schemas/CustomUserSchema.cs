namespace TenantIdP.Scim.Schemas;

/// <summary>The extension that an organization defines for its users, <see cref="ScimUrns.CustomUser"/>.</summary>
public static class CustomUserSchema
{
    public const int MaxAttributes = 100;
    public const int MaxNameLength = 64;

    /// <summary>Fails where a name is not one (RFC 7643 2.1) or is there twice, where an attribute is complex, required or secret, or where there are more than <see cref="MaxAttributes"/>.</summary>
    public static ScimResult<ScimSchema> Create(IReadOnlyList<ScimAttribute> attributes)
    {
        if (attributes.Count > MaxAttributes) return ScimErrors.InvalidValue("attributes", $"A schema has at most {MaxAttributes}.");
        var names = new HashSet<string>(StringComparer.OrdinalIgnoreCase);
        foreach (var attribute in attributes)
        {
            if (!IsName(attribute.Name)) return ScimErrors.InvalidValue("name", $"{ScimErrors.Quote(attribute.Name)} is not a letter followed by letters, digits, - and _ ({MaxNameLength} characters at most).");
            if (!names.Add(attribute.Name)) return ScimErrors.InvalidValue("name", $"{ScimErrors.Quote(attribute.Name)} is there twice.");
            // A complex one would need forms of its own; a required one would refuse every user that exists; a secret one could not be shown to whom it belongs.
            if (attribute.IsComplex || attribute.Required || attribute.IsSecret) return ScimErrors.InvalidValue(attribute.Name, "An attribute of an organization is simple, optional and readable.");
        }

        return new ScimSchema(ScimUrns.CustomUser, "CustomUser", "What the organization adds to a user.", [.. attributes]);
    }

    private static bool IsName(string name) =>
        name.Length is > 0 and <= MaxNameLength && char.IsAsciiLetter(name[0]) && !name.AsSpan().ContainsAnyExcept(Names.NameCharacters.Simple);
}
