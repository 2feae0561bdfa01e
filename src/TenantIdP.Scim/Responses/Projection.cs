using TenantIdP.Scim.Names;
using TenantIdP.Scim.Schemas;

namespace TenantIdP.Scim.Responses;

/// <summary>
/// Which attributes an answer has (RFC 7644 3.9): <c>attributes</c> or <c>excludedAttributes</c>, and what the schema says of <c>returned</c>. Immutable.
/// Names that are unknown select nothing.
/// </summary>
public sealed class Projection
{
    // What is named, with all that is in it; and what something named is in.
    private readonly HashSet<ScimAttribute> named = [];
    private readonly HashSet<ScimAttribute> around = [];
    private readonly bool selects;
    private readonly bool all;

    private Projection(bool selects, IEnumerable<AttributePath> paths, bool all = false)
    {
        (this.selects, this.all) = (selects, all);
        foreach (var path in paths)
        {
            named.Add(path.Leaf);
            if (path.SubAttribute is not null) around.Add(path.Attribute);
            if (path.Extension is { } extension) around.Add(extension);
        }
    }

    /// <summary>What the schema returns by default.</summary>
    public static Projection Default { get; } = new(false, []);

    /// <summary>All but secrets, what is only returned on request included: to keep a resource as JSON, which <see cref="Json.ResourceReader"/> reads back.</summary>
    public static Projection All { get; } = new(false, [], all: true);

    /// <param name="attributes">Names; none when not asked for.</param>
    /// <param name="excludedAttributes">Likewise; not together with the former.</param>
    public static ScimResult<Projection> Parse(IReadOnlyList<string> attributes, IReadOnlyList<string> excludedAttributes, ScimResourceType type)
    {
        if (attributes.Count > 0 && excludedAttributes.Count > 0) return ScimErrors.InvalidValue("excludedAttributes", "can't be sent together with attributes.");
        var (selects, names) = attributes.Count > 0 ? (true, attributes) : (false, excludedAttributes);
        if (names.Count > ScimLimits.MaxProjectedNames) return ScimErrors.InvalidValue(selects ? "attributes" : "excludedAttributes", $"has more than {ScimLimits.MaxProjectedNames} names.");
        if (names.Count == 0) return Default;
        return new Projection(selects, names.Select(name => NameResolver.TryResolve(type, name, out var path) ? path : null).OfType<AttributePath>());
    }

    /// <summary>Whether an attribute of the resource, or anything in it, is in the answer. What is not need not be loaded: a group's members, a user's groups.</summary>
    public bool Includes(ScimAttribute attribute) => Includes(attribute, whole: false);

    /// <param name="whole">Whether what the attribute is part of was named itself.</param>
    internal bool Includes(ScimAttribute attribute, bool whole) => attribute.Returned switch
    {
        Returned.Never => false,
        Returned.Always => true,
        Returned.Request => all || (selects && (named.Contains(attribute) || around.Contains(attribute))),
        Returned.Default when selects => whole || named.Contains(attribute) || around.Contains(attribute),
        Returned.Default => !named.Contains(attribute),
    };

    internal bool Names(ScimAttribute attribute) => selects && named.Contains(attribute);
}
