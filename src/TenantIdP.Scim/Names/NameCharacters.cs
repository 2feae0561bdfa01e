using System.Buffers;

namespace TenantIdP.Scim.Names;

/// <summary>What names are made of (RFC 7643 2.1, RFC 7644 figure 1).</summary>
internal static class NameCharacters
{
    private const string Letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

    /// <summary>A name of an attribute, without the <c>$</c> that only <c>$ref</c> begins with.</summary>
    public static SearchValues<char> Simple { get; } = SearchValues.Create(Letters);

    /// <summary>A name with its schema's URN and its sub-attribute. URNs may have more characters; those of schemas here do not.</summary>
    public static SearchValues<char> Path { get; } = SearchValues.Create(Letters + "$.:");
}
