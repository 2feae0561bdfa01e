using System.Text.Json;

namespace TenantIdP.Server.Http;

/// <summary>The members of an enum as the API writes them, where a query names one.</summary>
internal static class EnumTexts
{
    /// <returns>False for a text that is none of them; true with null for no text.</returns>
    public static bool TryRead<T>(string? text, out T? value) where T : struct, Enum
    {
        value = null;
        if (text is null) return true;
        foreach (var one in Enum.GetValues<T>())
        {
            if (JsonNamingPolicy.SnakeCaseLower.ConvertName(one.ToString()) != text) continue;
            value = one;
            return true;
        }

        return false;
    }
}
