using System.Reflection;
using TenantIdP.Core;
using TenantIdP.Core.Kernel;

namespace TenantIdP.Server.Http;

/// <summary>One code of a problem.</summary>
/// <param name="Owner">The namespace of the capability that answers it.</param>
/// <param name="Message">What it means and what to do next.</param>
public sealed record CataloguedError(string Owner, string Source, int Status, string Code, string Message, string? Field);

/// <summary>Every code that the API can answer, read from the errors that the code declares: the OpenAPI document and docs/errors.md say what is here.</summary>
public static class ErrorCatalogue
{
    public static IReadOnlyList<CataloguedError> All { get; } =
    [
        .. new[] { typeof(IdpDbContext).Assembly, typeof(ErrorCatalogue).Assembly }
            .SelectMany(assembly => assembly.GetTypes())
            .Where(type => !type.ContainsGenericParameters)
            .SelectMany(type => type.GetFields(BindingFlags.Static | BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.DeclaredOnly))
            .Where(field => field.FieldType == typeof(Error) || field.FieldType == typeof(EdgeProblem))
            .Select(field => Of(field.DeclaringType!, field.GetValue(null)!)) // a static field of a type, set where it is declared
            .Append(Of(typeof(Management.ManagementErrors), Management.ManagementErrors.PermissionMissing("resource:action")))
            .Append(Of(typeof(Core.Roles.RoleErrors), Core.Roles.RoleErrors.PermissionInvalid("resource:action")))
            .Distinct()
            .OrderBy(error => error.Source, StringComparer.Ordinal).ThenBy(error => error.Status).ThenBy(error => error.Code, StringComparer.Ordinal).ThenBy(error => error.Message, StringComparer.Ordinal),
    ];

    private static CataloguedError Of(Type source, object declared) => declared switch
    {
        Error error => new(source.Namespace!, source.Name, Problems.Status(error.Kind), error.Code, error.Message, error.Field), // ours all have one
        EdgeProblem edge => new(source.Namespace!, source.Name, edge.Status, edge.Code, edge.Message, edge.Field),
        _ => throw new InvalidOperationException($"{source.Name} declares an error of an unknown type."),
    };
}
