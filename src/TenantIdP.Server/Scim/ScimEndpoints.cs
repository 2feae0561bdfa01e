using TenantIdP.Core.Directories;
using TenantIdP.Core.Instance;
using TenantIdP.Server.Background;
using TenantIdP.Server.Http;

namespace TenantIdP.Server.Scim;

/// <summary>SCIM 2.0 (RFC 7643, RFC 7644) under <c>/scim/v2/{directoryId}</c>: its services, its edge and its table of contents.</summary>
public static class ScimEndpoints
{
    public const string Path = "/scim/v2";

    public static void AddScim(this IServiceCollection services, IConfiguration configuration)
    {
        services.AddSingleton(Settings.Read(ScimOptions.Section, () => configuration.GetSection(ScimOptions.Section).Get<ScimOptions>()));
        services.AddSingleton<ScimRates>();
        services.AddSingleton<ScimWalks>();
        services.AddSingleton<DirectoryLog>();
        services.AddScoped<DirectoryLogWriter>();
        services.AddHostedService<DirectoryLogDrainer>();
        services.AddScoped<DirectoryReader>();
        services.AddScoped<ScimRequest>();
        services.AddScoped<ScimCallers>();
        services.AddScoped<ScimAccess>();
        services.AddScoped<ScimLog>();
        services.AddScoped<DirectoryGate>();
        services.AddScoped<DirectoryMembers>();
        services.AddScoped<DirectoryLeavers>();
        services.AddScoped<DirectoryProfiles>();
        services.AddScoped<DirectoryInvitations>();
        services.AddScoped<DirectoryUserEvents>();
        services.AddScoped<DirectoryUserService>();
        services.AddScoped<DirectoryUserList>();
        services.AddScoped<DirectoryGroupList>();
        services.AddScoped<IDirectoryGroups>(provider => provider.GetRequiredService<DirectoryGroupList>());
        services.AddScoped<UserListing>();
        services.AddResources<UserResources>();
        services.AddScoped<GroupListing>();
        services.AddResources<GroupResources>();
    }

    public static void MapScim(this IEndpointRouteBuilder routes)
    {
        var directory = routes.MapGroup($"{Path}/{{{ScimAccess.DirectoryParameter}}}").ExcludeFromDescription();
        ((IEndpointConventionBuilder)directory).Finally(Guard);

        directory.MapDiscovery();
        directory.MapResources<UserResources>("/Users");
        directory.MapResources<GroupResources>("/Groups");
        directory.MapSearchOfAll();
        directory.MapBulk();
    }

    private static void AddResources<T>(this IServiceCollection services) where T : ScimResources
    {
        services.AddScoped<T>();
        services.AddScoped<ScimResources>(provider => provider.GetRequiredService<T>());
    }

    /// <summary>Wraps each endpoint as a whole: nothing of a request is read before its directory is known, and every answer is one of this protocol.</summary>
    private static void Guard(EndpointBuilder endpoint)
    {
        if (endpoint.RequestDelegate is not { } inner) return;
        endpoint.RequestDelegate = async context =>
        {
            var services = context.RequestServices;
            using var log = services.GetRequiredService<ScimLog>().Begin(context);
            var refusal = await services.GetRequiredService<ScimAccess>().AdmitAsync(context);
            var (request, rates) = (services.GetRequiredService<ScimRequest>(), services.GetRequiredService<ScimRates>());
            // Counted also when it is refused: a disabled directory whose identity provider goes on must not fill its log.
            if (request.IsKnown && !rates.Admit(request.Directory.Id, out var retryAfter, out var isFirst))
            {
                if (!isFirst) log.LeaveOut();
                await ScimAnswer.Of(rates.Refusal).ExecuteAsync(context, retryAfter);
                return;
            }

            if (refusal is not null)
            {
                await refusal.ExecuteAsync(context);
                return;
            }

            if (context.Features.Get<DirectoryAdmission>() is { } admitted) await services.GetRequiredService<DirectoryReader>().UsedAsync(admitted, context.RequestAborted);
            await log.WatchAsync(() => inner(context));
        };
    }
}
