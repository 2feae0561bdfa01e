using TenantIdP.Core.Connections;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Members;
using TenantIdP.Core.Organizations;
using TenantIdP.Core.Roles;
using TenantIdP.Core.Sessions;
using TenantIdP.Core.Users;
using TenantIdP.Core.Workspaces;

namespace TenantIdP.Core.Tokens;

/// <summary>A role a membership holds, with what it permits.</summary>
/// <param name="Extends">The built-in role at the end of what it extends.</param>
public sealed record HeldRole(string Key, IReadOnlyList<string> Permissions, string? Extends = null)
{
    /// <summary>The built-in role that this one is or extends: what an API gives to that, it gives to this.</summary>
    public string? BuiltIn => BuiltInRoles.IsBuiltIn(Key) ? Key : Extends;
}

/// <summary>A workspace that stands and that the membership is in, with the roles held there.</summary>
public sealed record WorkspaceAccess(Id<Workspace> Id, IReadOnlyList<HeldRole> Roles);

/// <summary>Everything the policy and the claims need, read in one statement at every mint.</summary>
public sealed record AccessFacts
{
    /// <summary>When this was so.</summary>
    public required DateTimeOffset ReadAt { get; init; }

    public required Id<User> UserId { get; init; }
    public required UserStatus UserStatus { get; init; }
    public string? Name { get; init; }
    public string? GivenName { get; init; }
    public string? FamilyName { get; init; }
    public bool IsOperator { get; init; }
    public string? PrimaryEmail { get; init; }
    public bool PrimaryEmailVerified { get; init; }

    /// <summary>What a page calls the person when it says whose account this is.</summary>
    public string ShownAs => PrimaryEmail ?? Name ?? UserId.ToString();

    /// <summary>The organization that holds the domain of the verified primary email by DNS or an operator's word: its proofs may count elsewhere.</summary>
    public Id<Organization>? Home { get; init; }

    /// <summary>The session row exists and was not signed out or revoked.</summary>
    public required bool SessionStands { get; init; }

    /// <summary>The grant's own proofs and those the session gained since.</summary>
    public required IReadOnlyList<SessionProof> Proofs { get; init; }

    /// <summary>The connections of <see cref="Proofs"/> that are active now.</summary>
    public required IReadOnlySet<Id<Connection>> ActiveConnections { get; init; }

    public Id<Organization>? OrganizationId { get; init; }
    public string? OrganizationName { get; init; }
    public string? OrganizationSlug { get; init; }
    public OrganizationStatus? OrganizationStatus { get; init; }
    public bool RequireSso { get; init; }

    /// <summary>Whom that spares, and who may come in past it.</summary>
    public SsoEnforcement Sso { get; init; } = SsoEnforcement.OfEverybody;

    public bool AcceptHomeSso { get; init; }
    public Id<Membership>? MembershipId { get; init; }
    public MembershipStatus? MembershipStatus { get; init; }
    public string? NameOverlay { get; init; }
    public IReadOnlyList<HeldRole> Roles { get; init; } = [];

    /// <summary>Null when none was asked for, and when the one that was is unknown, archived or not the person's.</summary>
    public WorkspaceAccess? Workspace { get; init; }
}

/// <summary>An app in an organization that has granted it something: no person is behind it.</summary>
public sealed record AppAccess(Id<Organization> OrganizationId, string OrganizationSlug, string OrganizationName, IReadOnlyList<string> Permissions);
