using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using System.Text;

namespace TenantIdP.Core.Kernel;

/// <summary>The short name of an organization in URLs and in <c>org_name</c>: 2 to 63 of <c>a-z 0-9 -</c>, not reserved, never of the form of an id.</summary>
public readonly record struct Slug
{
    public const int MaxLength = 63;

    private static readonly HashSet<string> Reserved =
        ["admin", "api", "app", "www", "login", "signin", "signout", "signup", "account", "portal", "connect", "sso", "scim", "oauth", "oidc", "saml",
         "system", "instance", "root", "support", "help", "security", "status", "health", "static", "assets", "null", "undefined", "none", "new", "me"];

    private Slug(string value) => Value = value;

    public string Value { get; }

    public override string ToString() => Value;

    public static bool TryParse([NotNullWhen(true)] string? text, out Slug slug)
    {
        slug = default;
        if (text is null || text.Length is < 2 or > MaxLength || text[0] == '-' || text[^1] == '-') return false;
        if (!text.All(c => c is >= 'a' and <= 'z' or >= '0' and <= '9' or '-') || Reserved.Contains(text)) return false;
        slug = new(text);
        return true;
    }

    /// <summary>A slug made from a display name; random where the name has too few usable letters.</summary>
    public static Slug From(string displayName)
    {
        var made = new StringBuilder(MaxLength);
        foreach (var c in displayName.Normalize(NormalizationForm.FormD))
        {
            if (made.Length == 40) break;
            if (char.IsAsciiLetterOrDigit(c)) made.Append(char.ToLowerInvariant(c));
            else if (made.Length > 0 && made[^1] != '-' && (char.IsWhiteSpace(c) || char.IsPunctuation(c))) made.Append('-');
        }

        return TryParse(made.ToString().Trim('-'), out var slug) ? slug : Random("org");
    }

    /// <summary>The same slug with a random tail, for the next try after a collision.</summary>
    public Slug WithSuffix() => Random(Value.Length > 50 ? Value[..50] : Value);

    private static Slug Random(string stem) => new($"{stem}-{Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(4))}");
}
