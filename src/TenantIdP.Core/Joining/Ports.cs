using TenantIdP.Core.Kernel;
using TenantIdP.Core.Members;
using TenantIdP.Core.Organizations;

namespace TenantIdP.Core.Joining;

/// <summary>Invitations that wait, as far as other ways in ask about them. Without one registered nobody is invited.</summary>
public interface IPendingInvitations
{
    /// <summary>Whether one of the organization that was entered names one of these verified addresses.</summary>
    Task<bool> AnyAsync(Id<Organization> organization, IReadOnlyCollection<EmailAddress> verified, CancellationToken ct);

    /// <summary>Accepts it in the caller's transaction: the new membership gets its roles in place of a default one. False when there is none.</summary>
    Task<bool> ConsumeAsync(Membership membership, IReadOnlyCollection<EmailAddress> verified, CancellationToken ct);
}

/// <summary>People whom a directory has provisioned and who are no members yet. Without one registered there are none.</summary>
public interface IProvisionedPeople
{
    /// <summary>Whether a directory of the organization that was entered knows one of these verified addresses as an active user.</summary>
    Task<bool> AnyAsync(Id<Organization> organization, IReadOnlyCollection<EmailAddress> verified, CancellationToken ct);
}
