using TenantIdP.Core.Kernel;
using TenantIdP.Core.Members;
using TenantIdP.Core.Organizations;
using TenantIdP.Core.Roles;
using TenantIdP.Core.Sessions;
using TenantIdP.Core.Users;

namespace TenantIdP.Core.Tokens;

/// <summary>What the policy of one organization says about one person with these proofs.</summary>
public enum Verdict
{
    Granted,

    /// <summary>User suspended, session ended, or every connection behind the proofs switched off.</summary>
    GrantDead,

    /// <summary>Organization unknown or not active, or no active membership.</summary>
    NotAMember,

    /// <summary>The organization requires a proof from its own connection.</summary>
    SsoRequired,

    /// <summary>The proofs are another organization's and don't count here (DESIGN.md section 6.1).</summary>
    ProofRequired,
}

/// <summary>A verdict, and the proof it rests on when granted.</summary>
public sealed record Judgement(Verdict Verdict, SessionProof? Proof)
{
    public bool IsGranted => Verdict == Verdict.Granted;

    /// <summary>Granted to a break-glass owner past the single sign-on that is required of them.</summary>
    public bool IsBreakGlass { get; init; }

    public bool NeedsInteraction => Verdict is Verdict.SsoRequired or Verdict.ProofRequired;
}

/// <summary>
/// The one place that decides whether a person may act in an organization. Called for authorize, code, refresh, switch, userinfo, introspection and our own API, always
/// with facts just read. Pure.
/// </summary>
public static class AccessPolicy
{
    public static Judgement Judge(AccessFacts facts)
    {
        if (facts.UserStatus != UserStatus.Active || !facts.SessionStands) return Dead;

        var usable = Usable(facts).OrderByDescending(p => p.At).ToList();
        if (usable.Count == 0) return Dead;

        if (facts.OrganizationId is not { } organization)
        {
            var anywhere = usable.FirstOrDefault(p => IsOfInstance(p) || IsOfHome(p, facts));
            return anywhere is null ? new(Verdict.ProofRequired, null) : new(Verdict.Granted, anywhere);
        }

        if (facts.OrganizationStatus != OrganizationStatus.Active || facts.MembershipStatus != MembershipStatus.Active) return new(Verdict.NotAMember, null);

        var own = usable.FirstOrDefault(p => p.OrganizationId == organization);
        if (facts.RequireSso && facts.Sso.Concerns(organization, facts.UserId, facts.Roles))
        {
            if (own is not null) return new(Verdict.Granted, own);
            return BreakGlass(facts, usable) is { } local ? new(Verdict.Granted, local) { IsBreakGlass = true } : new(Verdict.SsoRequired, null);
        }

        var proof = own ?? usable.FirstOrDefault(p => IsOfInstance(p) || (facts.AcceptHomeSso && IsOfHome(p, facts)));
        return proof is null ? new(Verdict.ProofRequired, null) : new(Verdict.Granted, proof);
    }

    /// <summary>Whether the proofs are good for what concerns the whole account (credentials, linking, operators): never a foreign organization's word.</summary>
    public static bool ProvesAccount(AccessFacts facts) =>
        facts.UserStatus == UserStatus.Active && facts.SessionStands && Usable(facts).Any(p => IsOfInstance(p) || IsOfHome(p, facts));

    /// <summary>A connection that was switched off speaks for nobody, also not with what it said before.</summary>
    private static IEnumerable<SessionProof> Usable(AccessFacts facts) => facts.Proofs.Where(p => p.ConnectionId is not { } connection || facts.ActiveConnections.Contains(connection));

    private static readonly Judgement Dead = new(Verdict.GrantDead, null);

    /// <summary>A credential of this instance, shown not long ago by an owner who is named for it and still is one: what a leftover session or password of anybody else never is.</summary>
    private static SessionProof? BreakGlass(AccessFacts facts, IEnumerable<SessionProof> usable) =>
        facts.Sso.BreakGlass.Contains(facts.UserId) && facts.Roles.Any(r => r.Key == BuiltInRoles.Owner)
            ? usable.FirstOrDefault(p => p.IsOwnCredential && p.At + SsoEnforcement.BreakGlassCounts > facts.ReadAt)
            : null;

    private static bool IsOfInstance(SessionProof proof) => proof.ConnectionId is null;

    // An organization that doesn't hold the domain of the person's own mailbox could assert any of its members to itself and walk into their other organizations (D11).
    private static bool IsOfHome(SessionProof proof, AccessFacts facts) => proof.OrganizationId is { } organization && facts.Home == organization;
}
