using Microsoft.IdentityModel.Tokens;

namespace TenantIdP.Client.SignIn;

/// <summary>What every token has to be, whoever presents it.</summary>
internal static class TokenRules
{
    private static readonly string[] Algorithms = [SecurityAlgorithms.EcdsaSha256, SecurityAlgorithms.RsaSha256];

    public static void Apply(TokenValidationParameters rules, string issuer)
    {
        rules.ValidIssuer = Address.Of(issuer);
        // Neither "none" nor an algorithm whose key anybody could know.
        rules.ValidAlgorithms = Algorithms;
        rules.ClockSkew = TimeSpan.FromSeconds(30);
        rules.RequireSignedTokens = rules.RequireExpirationTime = rules.ValidateAudience = rules.ValidateIssuer = rules.ValidateLifetime = true;
        (rules.NameClaimType, rules.RoleClaimType, rules.AuthenticationType) = ("name", "roles", TenantIdPSchemes.Identity);
    }
}
