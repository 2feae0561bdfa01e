using System.Collections.Frozen;
using System.Diagnostics.CodeAnalysis;

namespace TenantIdP.Scim.Schemas;

/// <summary>One attribute of a schema (RFC 7643 7). Immutable; attributes are compared by reference.</summary>
public sealed class ScimAttribute
{
    private readonly FrozenDictionary<string, ScimAttribute> byName = FrozenDictionary<string, ScimAttribute>.Empty;

    /// <param name="name">A letter, then letters, digits, <c>-</c> and <c>_</c>; <c>$ref</c>; or the URN of an extension.</param>
    public ScimAttribute(string name, AttributeType type = AttributeType.String)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        (Name, Type) = (name, type);
        // Certificates and keys differ by case; so do references (RFC 7643 2.3.6 and 2.3.7).
        CaseExact = type is AttributeType.Reference or AttributeType.Binary;
    }

    public string Name { get; }

    public AttributeType Type { get; }

    public string Description { get; init; } = "";

    public bool MultiValued { get; init; }

    public bool Required { get; init; }

    public bool CaseExact { get; init; }

    public Mutability Mutability { get; init; }

    public Returned Returned { get; init; }

    public Uniqueness Uniqueness { get; init; }

    /// <summary>Suggestions: other values are accepted (RFC 7643 7).</summary>
    public IReadOnlyList<string> CanonicalValues { get; init; } = [];

    /// <summary>Of a reference: names of resource types, <c>external</c> or <c>uri</c>.</summary>
    public IReadOnlyList<string> ReferenceTypes { get; init; } = [];

    /// <summary>Of a complex attribute.</summary>
    public IReadOnlyList<ScimAttribute> SubAttributes
    {
        get;
        init
        {
            field = value;
            byName = value.ToFrozenDictionary(a => a.Name, StringComparer.OrdinalIgnoreCase);
            ValueAttribute = byName.GetValueOrDefault("value");
            TypeAttribute = byName.GetValueOrDefault("type");
            PrimaryAttribute = byName.GetValueOrDefault("primary");
        }
    } = [];

    /// <summary>The object that holds an extension's attributes is a complex attribute whose name is the schema's URN.</summary>
    public bool IsExtension { get; init; }

    public bool IsComplex => Type == AttributeType.Complex;

    /// <summary>Text that is compared as text.</summary>
    public bool IsText => Type is AttributeType.String or AttributeType.Reference or AttributeType.Binary;

    /// <summary>Neither read back nor searched for: <c>password</c>.</summary>
    public bool IsSecret => Mutability == Mutability.WriteOnly || Returned == Returned.Never;

    /// <summary>The members of a group are never loaded to be changed: <see cref="Patches.MemberChangeSet"/>.</summary>
    public bool IsMemberList { get; init; }

    internal ScimAttribute? ValueAttribute { get; private init; }

    internal ScimAttribute? TypeAttribute { get; private init; }

    internal ScimAttribute? PrimaryAttribute { get; private init; }

    /// <summary>How its text is compared.</summary>
    internal StringComparison Comparison => CaseExact ? StringComparison.Ordinal : StringComparison.OrdinalIgnoreCase;

    /// <summary>Names of attributes differ by more than case (RFC 7643 2.1).</summary>
    public bool TryFind(string name, [NotNullWhen(true)] out ScimAttribute? attribute) => byName.TryGetValue(name, out attribute);

    /// <inheritdoc cref="TryFind(string, out ScimAttribute?)"/>
    public bool TryFind(ReadOnlySpan<char> name, [NotNullWhen(true)] out ScimAttribute? attribute)
    {
        attribute = null;
        return byName.Count > 0 && byName.GetAlternateLookup<ReadOnlySpan<char>>().TryGetValue(name, out attribute);
    }

    /// <summary>The sub-attribute of that name, which the caller knows to exist.</summary>
    public ScimAttribute this[string name] => byName[name];

    public override string ToString() => Name;
}
