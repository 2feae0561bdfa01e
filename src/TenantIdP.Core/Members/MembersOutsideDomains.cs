using Microsoft.EntityFrameworkCore;
using TenantIdP.Core.Domains;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Organizations;

namespace TenantIdP.Core.Members;

/// <summary>Members of the organization that was entered whom its <see cref="Organization.MembershipDomains"/> would not take today. They stay; it is for its admins to decide.</summary>
public sealed class MembersOutsideDomains(MembershipDomainRules rules, MemberList list)
{
    /// <summary>In the order of joining.</summary>
    public async Task<Result<Page<Member>>> ListAsync(Id<Organization> organization, PageRequest page, CancellationToken ct)
    {
        var outside = await rules.OutsideAsync(organization, ct);
        var found = await outside.AsNoTracking().Include(m => m.Roles).PageAsync(page, m => m.Id, ct);
        return found.IsOk ? new Page<Member>(await list.DescribeAsync(found.Value.Items, ct), found.Value.Next) : found.Error;
    }

    public async Task<int> CountAsync(Id<Organization> organization, CancellationToken ct) => await (await rules.OutsideAsync(organization, ct)).CountAsync(ct);
}
