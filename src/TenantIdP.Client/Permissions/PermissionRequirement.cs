using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace TenantIdP.Client.Permissions;

internal sealed record PermissionRequirement(string Permission) : IAuthorizationRequirement;

internal sealed class PermissionHandler(PermissionQuestions questions, ILogger<PermissionHandler> log) : AuthorizationHandler<PermissionRequirement>
{
    protected override async Task HandleRequirementAsync(AuthorizationHandlerContext context, PermissionRequirement requirement)
    {
        var user = context.User.TenantIdP();
        if (user.Has(requirement.Permission))
        {
            context.Succeed(requirement);
            return;
        }

        if (!user.PermissionsOverflow || user is not { UserId: { } person, OrganizationId: { } organization })
            return;

        if (!questions.CanAsk)
        {
            Log.OverflowWithoutClient(log, requirement.Permission, person, organization);
            return;
        }

        var ct = (context.Resource as HttpContext)?.RequestAborted ?? CancellationToken.None;
        if (await questions.MayAsync(person, organization, requirement.Permission, ct))
            context.Succeed(requirement);
    }
}
