using TenantIdP.Core.Organizations;

namespace TenantIdP.Core.Kernel;

/// <summary>A row that belongs to one organization. Its primary key starts with the organization's id; the query filter "organization" hides it elsewhere.</summary>
public interface IOrganizationOwned
{
    Id<Organization> OrganizationId { get; }
}

/// <summary>An aggregate whose <see cref="Version"/> is its ETag; one interceptor increments it with every change.</summary>
public interface IVersioned
{
    int Version { get; }
}
