using TenantIdP.Core.Sessions;

namespace TenantIdP.Core.Tokens;

/// <summary>The values of <c>acr</c>, from the least to the most.</summary>
public static class AcrValues
{
    public const string OneFactor = "urn:tenantidp:acr:1fa";
    public const string TwoFactors = "urn:tenantidp:acr:2fa";

    /// <summary>Phishing resistant: two factors of which none can be given to a page that only looks like ours.</summary>
    public const string PhishingResistant = "urn:tenantidp:acr:phr";

    public static readonly IReadOnlyList<string> All = [OneFactor, TwoFactors, PhishingResistant];

    /// <summary>Truthful by construction: nothing here claims what no proof names.</summary>
    public static string Of(SessionProof proof) => !proof.HasSecondFactor ? OneFactor : proof.IsPhishingResistant ? PhishingResistant : TwoFactors;

    /// <summary>0 for a value that is not ours.</summary>
    public static int RankOf(string acr)
    {
        for (var i = 0; i < All.Count; i++)
        {
            if (All[i] == acr) return i + 1;
        }

        return 0;
    }
}
