using System.Text.Encodings.Web;
using System.Text.Json;
using Microsoft.AspNetCore.WebUtilities;

namespace TenantIdP.Demo.SampleApp;

/// <summary>A JWT as a person reads it. Shows only; nothing is trusted from here.</summary>
internal static class TokenText
{
    // The page encodes for HTML; JSON's own escapes would only hide names.
    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static (string Header, string Payload)? Decode(string? token)
    {
        if (token?.Split('.') is not [var header, var payload, _])
            return null;

        try
        {
            return (Pretty(header), Pretty(payload));
        }
        catch (Exception exception) when (exception is FormatException or JsonException)
        {
            return null;
        }
    }

    private static string Pretty(string part)
    {
        using var json = JsonDocument.Parse(WebEncoders.Base64UrlDecode(part));
        return JsonSerializer.Serialize(json.RootElement, Indented);
    }
}
