using System.Globalization;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Authorization.Policy;
using Microsoft.AspNetCore.Http;

namespace TenantIdP.Client.Permissions;

internal sealed record OrganizationRequirement(string? RouteParameter) : IAuthorizationRequirement;

internal sealed class OrganizationHandler : AuthorizationHandler<OrganizationRequirement>
{
    protected override Task HandleRequirementAsync(AuthorizationHandlerContext context, OrganizationRequirement requirement)
    {
        var user = context.User.TenantIdP();
        if (user.OrganizationId is { } id && (requirement.RouteParameter is not { } parameter || (Named(context, parameter) is { } named && (named == id || named == user.OrganizationSlug))))
            context.Succeed(requirement);
        return Task.CompletedTask;
    }

    private static string? Named(AuthorizationHandlerContext context, string parameter) =>
        context.Resource is HttpContext http && http.Request.RouteValues.TryGetValue(parameter, out var value) ? Convert.ToString(value, CultureInfo.InvariantCulture) : null;
}

/// <summary>A foreign organization is not there, rather than forbidden: 403 would say that it exists.</summary>
internal sealed class ForeignOrganizationAnswer(IAuthorizationMiddlewareResultHandler usual) : IAuthorizationMiddlewareResultHandler
{
    public Task HandleAsync(RequestDelegate next, HttpContext context, AuthorizationPolicy policy, PolicyAuthorizationResult authorizeResult)
    {
        if (!authorizeResult.Forbidden || authorizeResult.AuthorizationFailure?.FailedRequirements.OfType<OrganizationRequirement>().Any(failed => failed.RouteParameter is not null) != true)
            return usual.HandleAsync(next, context, policy, authorizeResult);

        context.Response.StatusCode = StatusCodes.Status404NotFound;
        return Task.CompletedTask;
    }
}
