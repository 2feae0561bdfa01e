using System.Text.Json;
using System.Text.Json.Serialization;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Http.Metadata;
using Microsoft.Extensions.DependencyInjection.Extensions;
using TenantIdP.Core.Apis;
using TenantIdP.Core.Apps;
using TenantIdP.Core.Connections;
using TenantIdP.Core.Directories;
using TenantIdP.Core.Domains;
using TenantIdP.Core.Events;
using TenantIdP.Core.Instance;
using TenantIdP.Core.Invitations;
using TenantIdP.Core.Joining;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Keys;
using TenantIdP.Core.Members;
using TenantIdP.Core.Organizations;
using TenantIdP.Core.Outbox;
using TenantIdP.Core.Roles;
using TenantIdP.Core.Sessions;
using TenantIdP.Core.SignIn;
using TenantIdP.Core.Tokens;
using TenantIdP.Core.Users;
using TenantIdP.Core.Workspaces;
using TenantIdP.Server.Federation;
using TenantIdP.Server.Federation.Saml;
using TenantIdP.Server.Proofs;
using TenantIdP.Server.Http;
using TenantIdP.Server.Webhooks;

namespace TenantIdP.Server.Management;

/// <summary>The management API under <c>/api/v1</c>: its services, its edge and its table of contents.</summary>
public static class ManagementEndpoints
{
    public const string Path = "/api/v1";

    /// <summary>Adds the use cases and the API. Needs the store, an engine, <see cref="SessionService"/>, <see cref="IssuerOptions"/>, <see cref="SamlComposition"/> and <see cref="IPasswordHashing"/>.</summary>
    public static IServiceCollection AddManagement(this IServiceCollection services)
    {
        services.AddScoped<OrganizationService>();
        services.AddScoped<SsoEnforcementService>();
        services.AddScoped<OrganizationList>();
        services.AddScoped<OrganizationDeletion>();
        services.AddScoped<UserService>();
        services.AddScoped<UserEmailService>();
        services.AddScoped<UserCredentials>();
        services.AddScoped<UserMerge>();
        services.AddScoped<UserErasure>();
        services.AddScoped<UserExport>();
        services.AddScoped<UserImport>();
        services.AddScoped<MemberImport>();
        services.AddScoped<UserSessions>();
        services.TryAddSingleton(new MemberOptions());
        services.AddScoped<MembershipDomainRules>();
        services.AddScoped<JoinRules>();
        services.AddScoped<MembersOutsideDomains>();
        services.AddScoped<MemberList>();
        services.AddScoped<MemberService>();
        services.TryAddSingleton(new InvitationOptions());
        services.TryAddScoped<Tallies>();
        services.AddScoped<InvitationChecks>();
        services.AddScoped<InvitationLimits>();
        services.AddScoped<InvitationIssue>();
        services.AddScoped<AwaitedMembers>();
        services.AddScoped<InvitationJoining>();
        services.AddScoped<InvitationConsumption>();
        services.AddScoped<InvitationService>();
        services.AddScoped<InvitationList>();
        services.AddScoped<InvitationAnswers>();
        services.AddScoped<OrganizationBeginnings>();
        services.AddScoped<UserOrganizations>();
        services.AddScoped<UserMemberships>();
        services.AddScoped<RoleHierarchy>();
        services.AddScoped<RoleService>();
        services.AddScoped<PermissionChecks>();
        services.AddScoped<RoleReplacement>();
        services.AddScoped<RoleSetUse>();
        services.AddScoped<RoleSetService>();
        services.AddScoped<WorkspaceService>();
        services.AddScoped<WorkspaceMembers>();
        services.AddScoped<UserWorkspaces>();
        services.TryAddSingleton(new DomainOptions());
        services.AddDomainProofs();
        services.AddScoped<DomainRouting>();
        services.AddScoped<Openings>();
        services.AddScoped<DomainJoins>();
        services.AddScoped<JoinRequestService>();
        services.AddScoped<ConnectionEdits>();
        services.AddScoped<ConnectionService>();
        services.AddScoped<SamlConnectionService>();
        services.AddScoped<DirectoryTokens>();
        services.AddScoped<DirectoryService>();
        services.AddScoped<DirectoryDeletion>();
        services.AddScoped<DirectoryCorrelation>();
        services.AddScoped<DirectoryPreview>();
        services.AddScoped<DirectoryLogs>();
        services.AddScoped<GroupRoles>();
        services.AddScoped<GroupMappingService>();
        services.AddScoped<DirectoryGroupService>();
        services.AddScoped<DirectoryGroupOverview>();
        services.AddScoped<DirectoryUserOverview>();
        services.AddScoped<ApiService>();
        services.AddScoped<KeyService>();
        services.AddScoped<KeyReader>();
        services.AddScoped<KeyAdmission>();
        services.AddSingleton<RecentKeys>();
        services.AddScoped<AppEdits>();
        services.AddScoped<AppService>();
        services.AddScoped<AppSecretService>();
        services.AddScoped<AppGrantService>();
        services.AddScoped<AppConsentService>();

        services.AddScoped<SignInTraces>();
        services.AddScoped<EventFeed>();
        services.AddScoped<OutboxService>();
        services.AddWebhooks();
        services.AddSingleton<ConnectionTestTickets>();
        services.AddScoped<ConnectionWrites>();
        services.AddScoped<ConnectionAnswers>();
        services.TryAddSingleton(new RateLimitOptions());
        services.AddSingleton<RateLimits>();
        services.AddScoped<IdempotencyKeys>();
        services.AddScoped<ManagementCaller>();
        services.AddScoped<ManagementAccess>();
        services.AddAuthentication().AddScheme<AuthenticationSchemeOptions, ManagementAuthentication>(ManagementAuthentication.SchemeName, null);

        services.ConfigureHttpJsonOptions(json => Configure(json.SerializerOptions));
        services.Configure<RouteHandlerOptions>(routes => routes.ThrowOnBadRequest = true);
        services.AddValidation();
        services.AddProblemDetails();

        // The first writer that can write does, and the framework's own can whenever the caller accepts JSON.
        services.Insert(0, ServiceDescriptor.Singleton<IProblemDetailsWriter, ProblemsWriter>());
        services.AddManagementDocument();
        return services;
    }

    public static IEndpointRouteBuilder MapManagement(this IEndpointRouteBuilder routes)
    {
        routes.MapOpenApi("/openapi/{documentName}.json");

        var api = routes.MapGroup(Path);
        api.AddEndpointFilter(EntityTags.TagAsync);
        api.AddEndpointFilter(FieldChoice.TrimAsync);
        ((IEndpointConventionBuilder)api).Finally(Guard);

        api.MapMe();
        api.MapOrganizations();
        api.MapUsers();
        api.MapUserEmails();
        api.MapUserIdentities();
        api.MapUserPasswords();
        api.MapUserSessions();
        api.MapUserConsents();
        api.MapUserMemberships();
        api.MapUserMerges();
        api.MapUserData();
        api.MapUserImport();
        api.MapApps();
        api.MapApis();
        api.MapRoles();
        api.MapRoleSets();
        api.MapSamlKeys();
        api.MapAuthorization();
        api.MapEvents();
        api.MapOutbox();
        api.MapWebhooks();
        api.MapWebhookDeliveries();

        var organization = api.MapGroup($"/organizations/{{{ManagementAccess.OrganizationParameter}}}");
        organization.MapMembers();
        organization.MapMemberImport();
        organization.MapInvitations();
        organization.MapOrganizationRoles();
        organization.MapOrganizationRoleSet();
        organization.MapWorkspaces();
        organization.MapWorkspaceMembers();
        organization.MapDomains();
        organization.MapJoinRequests();
        organization.MapSsoEnforcement();
        organization.MapConnections();
        organization.MapDirectories();
        organization.MapSignInTraces();
        organization.MapAppGrants();
        organization.MapKeys();
        organization.MapDirectoryUsers();
        organization.MapDirectoryGroups();
        organization.MapOrganizationAuthorization();
        organization.MapOrganizationEvents();
        organization.MapOrganizationWebhooks();
        organization.MapOrganizationWebhookDeliveries();
        return routes;
    }

    /// <summary>Routing decodes everything but the slash, which would be a segment's end before and is a part of the id after.</summary>
    internal static string FromPath(string externalId) => externalId.Replace("%2F", "/", StringComparison.OrdinalIgnoreCase);

    internal static void Configure(JsonSerializerOptions json)
    {
        json.Converters.Add(new IdJsonConverterFactory());
        json.Converters.Add(new PatchJsonConverterFactory());
        json.Converters.Add(new ListJsonConverterFactory());
        json.Converters.Add(new JsonStringEnumConverter(JsonNamingPolicy.SnakeCaseLower, allowIntegerValues: false));
        json.UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow;
        json.AllowDuplicateProperties = false;
        json.NumberHandling = JsonNumberHandling.Strict;
        json.MaxDepth = 32;
    }

    /// <summary>Wraps each endpoint as a whole, so that nobody's body is read before they are let in and every refusal on the way has the one shape.</summary>
    private static void Guard(EndpointBuilder endpoint)
    {
        if (endpoint.RequestDelegate is not { } inner) return;

        // Routing would answer another media type by itself, before the guard and without a body; binding refuses it as well.
        foreach (var accepts in endpoint.Metadata.OfType<IAcceptsMetadata>().ToList()) endpoint.Metadata.Remove(accepts);
        endpoint.RequestDelegate = async context =>
        {
            context.Response.Headers.CacheControl = "no-store";
            var services = context.RequestServices;
            await context.AuthenticateAsync(ManagementAuthentication.SchemeName); // the handler remembers: access asks it again
            if (!await services.GetRequiredService<RateLimits>().AdmitAsync(context, CallerOf(context.Features))) return;
            if (!await services.GetRequiredService<ManagementAccess>().AdmitAsync(context) || !await RecentSignIn.CheckAsync(context) || !await RequestLimits.CheckAsync(context)) return;
            if (context.Features.Get<KeyFacts>() is { } key) await services.GetRequiredService<KeyReader>().UsedAsync(key, context.RequestAborted);
            await Idempotency.RunAsync(context, NameOf(context.Features), named => AnswerAsync(named, inner));
        };
    }

    private static async Task AnswerAsync(HttpContext context, RequestDelegate inner)
    {
        try
        {
            await inner(context);
        }
        catch (BadHttpRequestException refused) when (!context.Response.HasStarted)
        {
            await RequestLimits.RefuseAsync(context, refused);
            return;
        }

        // A body that breaks off or is too large leaves only a status behind, and so does a parameter that may be left out.
        if (context.Response is not { HasStarted: false, StatusCode: >= StatusCodes.Status400BadRequest, ContentType: null }) return;
        if (context.Response.StatusCode == StatusCodes.Status400BadRequest && ParameterForms.Misfit(context) is { } field)
            await Problems.WriteAsync(context, EdgeProblems.ParameterInvalid with { Field = field });
        else
            await Problems.WriteAsync(context, new Microsoft.AspNetCore.Mvc.ProblemDetails { Status = context.Response.StatusCode });
    }

    /// <summary>Whose requests are counted together: a person's of all their organizations, an app's of all its nodes, a key's.</summary>
    private static string? CallerOf(IFeatureCollection of) =>
        of.Get<KeyFacts>() is { } key ? $"key {key.Id}" : of.Get<AccessTokenFacts>() is not { } token ? null : token.UserId is { } user ? $"user {user}" : $"app {token.ClientId}";

    /// <summary>Whose idempotency keys are their own.</summary>
    private static string NameOf(IFeatureCollection admitted) => $"{CallerOf(admitted)} {admitted.Get<AccessTokenFacts>()?.OrganizationId}".TrimEnd();
}
