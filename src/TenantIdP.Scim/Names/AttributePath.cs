using TenantIdP.Scim.Schemas;
using TenantIdP.Scim.Values;

namespace TenantIdP.Scim.Names;

/// <summary>
/// A name that was found in a resource type: <c>userName</c>, <c>name.familyName</c>, <c>urn:…:User:manager.value</c>, or an extension as a whole.
/// Inside a value filter it is relative to the value: <c>type</c> of <c>emails[type eq "work"]</c>.
/// </summary>
/// <param name="Extension">The extension that has the attribute; null for the core schema and for the extension itself.</param>
/// <param name="Attribute">The attribute, or the extension.</param>
/// <param name="SubAttribute">Null for the attribute as a whole.</param>
public sealed record AttributePath(ScimAttribute? Extension, ScimAttribute Attribute, ScimAttribute? SubAttribute)
{
    /// <summary>The attribute whose values the path means.</summary>
    public ScimAttribute Leaf => SubAttribute ?? Attribute;

    /// <summary>Whether it, or what it is part of, is read only.</summary>
    public bool IsReadOnly => Attribute.Mutability == Mutability.ReadOnly || SubAttribute?.Mutability == Mutability.ReadOnly;

    public bool IsSecret => Attribute.IsSecret || SubAttribute is { IsSecret: true };

    public bool HasManyValues => Attribute.MultiValued || SubAttribute is { MultiValued: true };

    /// <summary>The value that <see cref="Attribute"/> is an attribute of: the resource, or the object of the extension if there is one.</summary>
    public ComplexValue? Holder(ComplexValue resource) => Extension is null ? resource : resource.Complex(Extension);

    public override string ToString() => (Extension, SubAttribute) switch
    {
        (null, null) => Attribute.Name,
        (null, _) => $"{Attribute.Name}.{SubAttribute.Name}",
        (_, null) => $"{Extension.Name}:{Attribute.Name}",
        _ => $"{Extension.Name}:{Attribute.Name}.{SubAttribute.Name}",
    };
}
