using System.Diagnostics.CodeAnalysis;
using TenantIdP.Scim.Schemas;

namespace TenantIdP.Scim.Names;

/// <summary>Finds what a name means. Names and URNs are compared whatever their case (RFC 7643 2.1, RFC 7644 3.10).</summary>
public static class NameResolver
{
    /// <param name="name">Such as <c>emails</c>, <c>name.givenName</c>, <c>urn:…:User:userName</c> or the URN of an extension.</param>
    public static bool TryResolve(ScimResourceType type, ReadOnlySpan<char> name, [NotNullWhen(true)] out AttributePath? path)
    {
        path = null;
        if (name.IsEmpty) return false;
        if (!name.Contains(':')) return TryIn(null, type.Root, name, out path);
        // A URN has dots of its own ("2.0"), so it is compared with those that are known instead of being cut at a dot.
        if (After(name, type.Schema.Id) is { IsEmpty: false } ofCore) return TryIn(null, type.Root, ofCore, out path);
        foreach (var extension in type.Extensions)
        {
            var holder = type.Root[extension.Id];
            if (name.Equals(extension.Id, StringComparison.OrdinalIgnoreCase))
            {
                path = new AttributePath(null, holder, null);
                return true;
            }

            if (After(name, extension.Id) is { IsEmpty: false } rest) return TryIn(holder, holder, rest, out path);
        }

        return false;
    }

    /// <summary>A name inside a value filter, or after one: a sub-attribute of <paramref name="parent"/>.</summary>
    public static bool TryResolve(ScimAttribute parent, ReadOnlySpan<char> name, [NotNullWhen(true)] out AttributePath? path)
    {
        path = parent.TryFind(name, out var found) ? new AttributePath(null, found, null) : null;
        return path is not null;
    }

    private static bool TryIn(ScimAttribute? extension, ScimAttribute parent, ReadOnlySpan<char> name, [NotNullWhen(true)] out AttributePath? path)
    {
        path = null;
        var dot = name.IndexOf('.');
        if (!parent.TryFind(dot < 0 ? name : name[..dot], out var attribute) || attribute.IsExtension) return false;
        ScimAttribute? sub = null;
        if (dot >= 0 && !attribute.TryFind(name[(dot + 1)..], out sub)) return false;
        path = new AttributePath(extension, attribute, sub);
        return true;
    }

    private static ReadOnlySpan<char> After(ReadOnlySpan<char> name, string urn) =>
        name.Length > urn.Length && name[urn.Length] == ':' && name.StartsWith(urn, StringComparison.OrdinalIgnoreCase) ? name[(urn.Length + 1)..] : [];
}
