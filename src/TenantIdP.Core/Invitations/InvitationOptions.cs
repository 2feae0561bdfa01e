using System.ComponentModel.DataAnnotations;

namespace TenantIdP.Core.Invitations;

/// <summary>Bound to <c>TenantIdP:Invitations</c>.</summary>
public sealed record InvitationOptions
{
    public const string Section = "TenantIdP:Invitations";

    /// <summary>Hours that an invitation is open unless it says otherwise.</summary>
    [Range(1, 2_160)]
    public int DefaultHours { get; init; } = 168;

    /// <summary>Invitations, and links sent again, that one inviter sends in an hour.</summary>
    [Range(1, 1_000_000)]
    public int PerInviterAndHour { get; init; } = 1_000;

    /// <summary>The same of all inviters of one organization.</summary>
    [Range(1, 1_000_000)]
    public int PerOrganizationAndHour { get; init; } = 2_000;
}
