using System.Text.Json;
using TenantIdP.Core.Connections;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Users;

namespace TenantIdP.Server.Federation;

/// <summary>What one source (the id token, or the userinfo answer) says about a person. Never merged across sources: a verified flag speaks for the email beside it (SECURITY.md A6).</summary>
internal sealed record UpstreamClaims(string? Subject, EmailAddress? Email, bool EmailVerified, PersonName Name, IReadOnlyList<string> Amr)
{
    private const int MostMethods = 10;

    /// <summary>The values of the role claim that one of the connection's rules knows; null when the claim is absent. The rest is nobody's business and would not fit into a cookie.</summary>
    public IReadOnlyList<string>? RoleValues { get; init; }

    public static UpstreamClaims Read(JsonElement claims, string subjectClaim)
    {
        // A list of addresses is nobody's address.
        var email = EmailAddress.TryParse(Text(claims, "email"), out var address) ? address : (EmailAddress?)null;
        var verified = email is not null && (IsTrue(claims, "email_verified") || IsTrue(claims, "xms_edov"));
        return new UpstreamClaims(Text(claims, subjectClaim), email, verified, PersonName.Cleaned(Text(claims, "name"), Text(claims, "given_name"), Text(claims, "family_name")), Methods(claims));
    }

    /// <summary>A text, or a list in which only texts count. Absent also when the claim is neither: Microsoft Entra ID leaves it out for people with too many groups.</summary>
    public static IReadOnlyList<string>? Roles(JsonElement claims, SsoRoles? mapping)
    {
        if (mapping is null || Find(claims, mapping.Attribute) is not { ValueKind: JsonValueKind.String or JsonValueKind.Array } claim) return null;
        var said = claim.ValueKind == JsonValueKind.String ? [claim.GetString()] : claim.EnumerateArray().Where(v => v.ValueKind == JsonValueKind.String).Select(v => v.GetString()).ToHashSet(StringComparer.Ordinal);
        return [.. mapping.Rules.Select(r => r.Value).Distinct(StringComparer.Ordinal).Where(said.Contains)];
    }

    /// <summary>A JSON string; a number, an object or an array is not taken for one.</summary>
    public static string? Text(JsonElement claims, string name) => Find(claims, name) is { ValueKind: JsonValueKind.String } value ? value.GetString() : null;

    public static long? Number(JsonElement claims, string name) =>
        Find(claims, name) is { ValueKind: JsonValueKind.Number } value && value.TryGetDouble(out var number) && Math.Abs(number) < 1e11 ? (long)number : null;

    private static JsonElement? Find(JsonElement claims, string name) =>
        claims.ValueKind == JsonValueKind.Object && claims.TryGetProperty(name, out var value) ? value : null;

    // Some providers send these as text (Apple, AWS); Entra sends xms_edov as 1 or "1".
    private static bool IsTrue(JsonElement claims, string name) => Find(claims, name) is { } value && value.ValueKind switch
    {
        JsonValueKind.True => true,
        JsonValueKind.String => value.GetString() is "true" or "1",
        JsonValueKind.Number => name == "xms_edov" && value.TryGetInt32(out var flag) && flag == 1,
        _ => false,
    };

    private static string[] Methods(JsonElement claims) =>
        Find(claims, "amr") is { ValueKind: JsonValueKind.Array } amr
            ? [.. amr.EnumerateArray().Where(m => m.ValueKind == JsonValueKind.String).Select(m => m.GetString() ?? "").Where(m => m.Length is > 0 and <= 32 && m.All(char.IsAsciiLetterOrDigit)).Take(MostMethods)]
            : [];
}

/// <summary>The validated answer of an upstream, kept for the length of one request.</summary>
internal sealed record UpstreamAnswer(string Issuer, UpstreamClaims Claims);
