using System.Diagnostics.CodeAnalysis;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;
using TenantIdP.Scim.Schemas;

namespace TenantIdP.Scim.Json;

internal static class PropertyNames
{
    private const int Longest = 128;

    /// <summary>Finds the attribute that a property of JSON names, without making a string of the name.</summary>
    public static bool TryFind(ScimAttribute parent, JsonProperty property, [NotNullWhen(true)] out ScimAttribute? attribute)
    {
        var raw = JsonMarshal.GetRawUtf8PropertyName(property);
        if (raw.Length > Longest || raw.Contains((byte)'\\')) return parent.TryFind(property.Name, out attribute);
        Span<char> name = stackalloc char[Longest];
        return parent.TryFind(name[..Encoding.UTF8.GetChars(raw, name)], out attribute);
    }
}
