namespace TenantIdP.Scim.Schemas;

/// <summary>The shape that most multi-valued attributes share: value, display, type, primary (RFC 7643 2.4).</summary>
internal static class MultiValuedShape
{
    public static ScimAttribute Of(string name, string description, ScimAttribute value, params string[] types) => new(name, AttributeType.Complex)
    {
        Description = description,
        MultiValued = true,
        SubAttributes =
        [
            value,
            new ScimAttribute("display") { Description = "For people." },
            new ScimAttribute("type") { Description = "What it is for.", CanonicalValues = types },
            new ScimAttribute("primary", AttributeType.Boolean) { Description = "Whether it is the preferred one; at most one is." },
        ],
    };

    public static ScimAttribute Text(string name, string description) => new(name) { Description = description };
}
