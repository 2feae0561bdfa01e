using System.Diagnostics.CodeAnalysis;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;
using TenantIdP.Scim.Schemas;

namespace TenantIdP.Scim.Json;

internal static class PropertyNames
{
    private const int Longest = 128;

    /// <summary>Longer than any name that is known, were each of its characters an escape.</summary>
    public static bool IsTooLong(JsonProperty property) => JsonMarshal.GetRawUtf8PropertyName(property).Length > 6 * Longest;

    /// <summary>Finds the attribute that a property of JSON names, without making a string of the name.</summary>
    public static bool TryFind(ScimAttribute parent, JsonProperty property, [NotNullWhen(true)] out ScimAttribute? attribute)
    {
        var raw = JsonMarshal.GetRawUtf8PropertyName(property);
        attribute = null;
        if (IsTooLong(property)) return false;
        if (raw.Length > Longest || raw.Contains((byte)'\\')) return parent.TryFind(property.Name, out attribute);
        Span<char> name = stackalloc char[Longest];
        return parent.TryFind(name[..Encoding.UTF8.GetChars(raw, name)], out attribute);
    }
}
